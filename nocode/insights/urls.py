"""The console's pages of insights; the site puts `console_urls` under /admin/, in the namespace `admin`."""

from django.urls import path

from nocode.insights.views import analytics

console_urls = [
    path("analytics/", analytics.analytics, name="analytics"),
    path("analytics/report.csv", analytics.analytics_report, {"kind": "csv"}, name="analytics_report_csv"),
    path("analytics/report.json", analytics.analytics_report, {"kind": "json"}, name="analytics_report_json"),
]
