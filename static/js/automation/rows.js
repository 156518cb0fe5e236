// Small tables of inputs (data-rows): adds a row from their <template>, removes one.

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-rows-add]");
  if (add) {
    const rows = add.closest("[data-rows]");
    const row = rows.querySelector("template[data-rows-template]").content.cloneNode(true);
    const body = rows.querySelector("[data-rows-body]");
    body.append(row);
    body.lastElementChild.querySelector("input, select, textarea")?.focus();
  }
  const remove = event.target.closest("[data-rows-remove]");
  if (remove) {
    const rows = remove.closest("[data-rows]");
    remove.closest("[data-rows-row]").remove();
    rows.querySelector("[data-rows-add]").focus();
  }
});
