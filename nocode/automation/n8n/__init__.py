"""Workflows of n8n: their exports become outlines of ours, and a report says step by step how well.

n8n hands a list of items from node to node. Here a step that came from n8n takes a list, or one object as a list of
one, and gives a list again. `mappers/` has one small class per type of node; docs/n8n.md is held against their
registry.
"""
