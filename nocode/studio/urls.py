"""The console's pages of the studio; the site puts `console_urls` under /admin/, in the namespace `admin`."""

from django.urls import path

from nocode.studio.views import rows

console_urls = [
    path("studio/datatable/<uuid:pk>/rows/", rows.table_rows, name="studio_table_rows"),
    path("studio/datatable/<uuid:pk>/rows/add/", rows.table_row_add, name="studio_table_row_add"),
    path("studio/datatable/<uuid:pk>/rows/<int:row>/", rows.table_row, name="studio_table_row"),
    path("studio/datatable/<uuid:pk>/rows/<int:row>/delete/", rows.table_row_delete, name="studio_table_row_delete"),
]
