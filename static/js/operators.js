// Names and landmarks that django-unfold's pages and select2 leave out (WCAG 2.2 §1.3.1, §4.1.2). The policy of these pages
// allows no inline script, and copies of the theme's templates would have to follow each of its releases.
"use strict"

function nameSelects() {
  for (const field of document.querySelectorAll("select.select2-hidden-accessible")) {
    const label = field.labels && field.labels[0]
    const box = field.nextElementSibling
    if (!label || !box) continue
    label.id ||= `label_for_${field.id}`
    for (const part of box.querySelectorAll("[role=combobox], [role=textbox], [role=searchbox], input")) {
      part.setAttribute("aria-labelledby", label.id)
    }
  }
}

function nameParts() {
  document.getElementById("main")?.setAttribute("role", "main")
  for (const sign of document.querySelectorAll(".help-tooltip[aria-label]")) sign.setAttribute("role", "img")
  // In a list of filters the first heading of all is of the third level.
  for (const heading of document.querySelectorAll("#changelist-filter h3")) heading.setAttribute("aria-level", "2")
  document.querySelectorAll("[role=region][aria-label='scrollable content']").forEach((region, at) => {
    region.setAttribute("aria-label", `${region.getAttribute("aria-label")} ${at + 1}`)
  })
  nameSelects()
}

document.addEventListener("DOMContentLoaded", () => {
  nameParts()
  new MutationObserver(nameParts).observe(document.body, { childList: true, subtree: true })
})
