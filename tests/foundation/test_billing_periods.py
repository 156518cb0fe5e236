"""Periods and cents: tables of cases, no database."""

from datetime import date
from decimal import Decimal

import pytest

from nocode.foundation.services.billing.money import shown, tax_on
from nocode.foundation.services.billing.offers import Line, settle
from nocode.foundation.services.billing.periods import Period, half_up, period_from, share

JANUARY = Period(date(2026, 1, 1), date(2026, 2, 1))


@pytest.mark.parametrize(
    ("start", "anchor", "months", "end"),
    [
        (date(2026, 1, 15), date(2026, 1, 15), 1, date(2026, 2, 15)),
        (date(2026, 1, 31), date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 2, 28), date(2026, 1, 31), 1, date(2026, 3, 31)),
        (date(2026, 3, 31), date(2026, 1, 31), 1, date(2026, 4, 30)),
        (date(2026, 12, 31), date(2026, 1, 31), 1, date(2027, 1, 31)),
        (date(2026, 12, 1), date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2028, 2, 29), date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2031, 2, 28), date(2028, 2, 29), 12, date(2032, 2, 29)),
        (date(2026, 2, 28), date(2026, 1, 31), 12, date(2027, 2, 28)),
    ],
)
def test_a_period_ends_on_the_day_it_began(start, anchor, months, end):
    assert period_from(start, anchor, months) == Period(start, end)


def test_twelve_months_follow_each_other_without_a_gap():
    start = anchor = date(2027, 10, 31)
    ends = []
    for _month in range(12):
        period = period_from(start, anchor, 1)
        ends.append((period.end.month, period.end.day))
        start = period.end

    assert ends == [
        (11, 30), (12, 31), (1, 31), (2, 29), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31), (8, 31), (9, 30), (10, 31),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("price", "first", "cents"),
    [
        (3100, date(2026, 1, 1), 3100),
        (3100, date(2026, 1, 31), 100),
        (3100, date(2026, 2, 1), 0),
        (1000, date(2026, 1, 16), 516),  # 516.129
        (1000, date(2026, 1, 2), 968),  # 967.74
        (31, date(2026, 1, 17), 15),
        (0, date(2026, 1, 1), 0),
    ],
)
def test_days_are_paid_to_the_cent(price, first, cents):
    assert share(price, JANUARY, first) == cents


@pytest.mark.parametrize(("numerator", "denominator", "whole"), [(1, 2, 1), (3, 2, 2), (1, 3, 0), (2, 3, 1), (0, 7, 0)])
def test_halves_go_up(numerator, denominator, whole):
    assert half_up(numerator, denominator) == whole


@pytest.mark.parametrize(("net", "rate", "tax"), [(1000, "20", 200), (50, "7.7", 4), (50, "1", 1), (49, "1", 0)])
def test_tax_is_whole_cents(net, rate, tax):
    assert tax_on(net, Decimal(rate)) == tax


@pytest.mark.parametrize(
    ("amounts", "credit", "invoiced", "left"),
    [
        ([1000], 0, [1000], 0),
        ([-300, 1000], 0, [-300, 1000], 0),
        ([-300, 1000], 200, [-300, 1000, -200], 0),
        ([1000], 1500, [1000, -1000], 500),
        ([-1000, 300], 0, [], 700),
        ([-1000, 300], 50, [], 750),
        ([0], 50, [], 50),
        ([-300, 300], 0, [], 0),
    ],
)
def test_credit_is_used_and_never_lost(amounts, credit, invoiced, left):
    lines, rest = settle([Line("x", amount) for amount in amounts], credit)

    assert ([line.amount for line in lines], rest) == (invoiced, left)


def test_amounts_are_shown_with_cents_and_currency():
    assert shown(123450, "EUR") == "1,234.50\u00a0EUR"
