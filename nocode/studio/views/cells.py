"""One value of one row, edited where it stands."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from nocode.studio.forms import RowForm
from nocode.studio.models import DataTable
from nocode.studio.services.records import Records
from nocode.studio.views import drawing
from nocode.studio.views.acts import with_act
from nocode.studio.views.guard import of_table


@require_http_methods(["GET", "POST"])
@of_table("studio.change_record")
def table_cell(request: HttpRequest, table: DataTable, row: int, name: str) -> HttpResponse:
    """The input for a value, or what the cell shows once it is saved; a refused value keeps its input and says why."""
    records = Records(table, actor=request.user)
    column = records.layout.columns.get(name)
    if column is None or not column.is_writable:
        raise Http404
    shown = records.get(row)
    form = RowForm(records.layout, request.POST or None, request.FILES or None, row=shown, names=[name])
    if form.is_valid() and form.save(records):
        page = records.page([{"field": "id", "value": row}], size=1)
        return with_act(HttpResponse(drawing.cell(column, page.rows[0], page.labels[row])), records)
    return render(request, "studio/_cell_form.html", {"table": table, "row_id": row, "column": column, "form": form})
