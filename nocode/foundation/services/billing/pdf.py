"""An invoice as a PDF file. The letters come from the font the console is shown in, which Unfold's package brings."""

from pathlib import Path

import unfold
from fpdf import FPDF

from nocode.foundation.models import Invoice
from nocode.foundation.services.billing.document import Document, Pairs, document

FONTS = Path(unfold.__file__).parent / "static" / "unfold" / "fonts" / "inter"
FONT = "Inter"
UNKNOWN = "\N{WHITE SQUARE}"  # stands for letters the font does not have

MARGIN, WIDTH = 20, 170  # millimetres of an A4 page
AMOUNT = 40
GREY, BLACK = (100, 100, 110), (20, 20, 28)


def invoice_pdf(invoice: Invoice) -> bytes:
    """The file."""
    page = _Page()
    page.set_title(invoice.number)
    page.set_creation_date(invoice.created_at)
    page.draw(document(invoice))
    return bytes(page.output())


class _Page(FPDF):
    """A4 with our font and what the parts of an invoice look like."""

    def __init__(self):
        super().__init__(format="A4")
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=MARGIN)
        self.add_font(FONT, "", FONTS / "Inter-Regular.woff2")
        self.add_font(FONT, "B", FONTS / "Inter-SemiBold.woff2")
        self.add_page()

    def draw(self, invoice: Document) -> None:
        """From top to bottom."""
        self._lines(invoice.seller, size=9, colour=GREY)
        self.ln(12)
        self._lines(invoice.customer, size=11)
        self.ln(12)
        self._text(invoice.title, size=18, bold=True)
        if invoice.stamp:
            self._text(invoice.stamp, size=11, colour=GREY)
        self.ln(4)
        for label, value in invoice.facts:
            self._fact(label, value)
        self.ln(8)
        self._amounts(invoice.lines)
        self._rule()
        self._amounts(invoice.sums)
        self._amounts([invoice.total], bold=True)
        self.ln(12)
        self._lines(invoice.note, size=10)

    def _lines(self, lines: list[str], size: int, colour: tuple = BLACK) -> None:
        for number, line in enumerate(lines):
            self._text(line, size=size, colour=colour, bold=number == 0 and colour == BLACK and size > 10)

    def _text(self, text: str, *, size: int, bold: bool = False, colour: tuple = BLACK, width: int = WIDTH) -> None:
        self._pen(size, bold, colour)
        self.multi_cell(width, size * 0.5, self._known(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _fact(self, label: str, value: str) -> None:
        self._pen(10, False, GREY)
        self.cell(40, 6, self._known(label))
        self._pen(10, False, BLACK)
        self.multi_cell(WIDTH - 40, 6, self._known(value), align="L", new_x="LMARGIN", new_y="NEXT")

    def _amounts(self, rows: Pairs, *, bold: bool = False) -> None:
        """Texts on the left, amounts on the right; a long text takes several lines and stays beside its amount."""
        for text, amount in rows:
            self._pen(10, bold, BLACK)
            text, top = self._known(text), self.get_y()
            height = 6 * len(self.multi_cell(WIDTH - AMOUNT, 6, text, align="L", dry_run=True, output="LINES"))
            if self.will_page_break(height):
                self.add_page()
                top = self.get_y()
            self.multi_cell(WIDTH - AMOUNT, 6, text, align="L", new_x="RIGHT", new_y="TOP")
            self.cell(AMOUNT, 6, self._known(amount), align="R")
            self.set_xy(MARGIN, top + height + 1)

    def _rule(self) -> None:
        self.set_draw_color(*GREY)
        self.line(MARGIN, self.get_y() + 1, MARGIN + WIDTH, self.get_y() + 1)
        self.ln(3)

    def _pen(self, size: int, bold: bool, colour: tuple) -> None:
        self.set_font(FONT, "B" if bold else "", size)
        self.set_text_color(*colour)

    def _known(self, text: str) -> str:
        """The text with a square for each letter the font does not have, rather than a gap."""
        letters = self.current_font.cmap
        return "".join(letter if ord(letter) in letters else UNKNOWN for letter in text)
