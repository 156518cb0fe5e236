from nocode.insights.models.activity import UserActivity
from nocode.insights.models.metric import DailyMetric, WorkflowMetric

__all__ = ["DailyMetric", "UserActivity", "WorkflowMetric"]
