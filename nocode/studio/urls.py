"""The console's pages of the studio; the site puts `console_urls` under /admin/, in the namespace `admin`."""

from django.urls import path

from nocode.studio.views import designer, jobs, pages, rows

console_urls = [
    path("studio/datatable/<uuid:pk>/rows/", rows.table_rows, name="studio_table_rows"),
    path("studio/datatable/<uuid:pk>/rows/condition/", rows.table_condition, name="studio_table_condition"),
    path("studio/datatable/<uuid:pk>/rows/add/", rows.table_row_add, name="studio_table_row_add"),
    path("studio/datatable/<uuid:pk>/rows/<int:row>/", rows.table_row, name="studio_table_row"),
    path("studio/datatable/<uuid:pk>/rows/<int:row>/delete/", rows.table_row_delete, name="studio_table_row_delete"),
    path("studio/job/<uuid:pk>/", jobs.table_job, name="studio_job"),
    path("studio/job/<uuid:pk>/stop/", jobs.table_job_stop, name="studio_job_stop"),
    path("studio/job/<uuid:pk>/file/", jobs.table_job_file, name="studio_job_file"),
    path("studio/project/<uuid:pk>/pages/make/", pages.pages_make, name="studio_pages_make"),
    path("studio/page/<uuid:pk>/", designer.page_designer, name="studio_page_designer"),
    path("studio/page/<uuid:pk>/move/", pages.page_move, name="studio_page_move"),
    path("studio/page/<uuid:pk>/blocks/", designer.block_new, name="studio_block_new"),
    path("studio/block/<uuid:pk>/save/", designer.block_save, name="studio_block_save"),
    path("studio/block/<uuid:pk>/form/", designer.block_form, name="studio_block_form"),
    path("studio/block/<uuid:pk>/preview/", designer.block_preview, name="studio_block_preview"),
    path("studio/block/<uuid:pk>/move/", designer.block_move, name="studio_block_move"),
    path("studio/block/<uuid:pk>/copy/", designer.block_copy, name="studio_block_copy"),
    path("studio/block/<uuid:pk>/remove/", designer.block_remove, name="studio_block_remove"),
]
