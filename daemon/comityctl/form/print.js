// The draft as it is read and printed: what is written, and nothing of the form.

function printedValue(field, value) {
	if (field.control === "choice" || field.control === "open" || field.list)
		value = (field.choices ?? []).find(choice => choice.value === value)?.label ?? value;
	if (field.control === "switch" || field.control === "yes_no")
		return value ? say("yes") : say("no");
	if (field.control === "bytes")
		return hexOf(bytesOf(value));
	if (field.control === "size")
		return `${value} (${sizeText(Number(value))})`;
	const means = ["state", "language", "date", "instant"].includes(field.control) ? meaning(field, value) : "";
	return visible(String(value)) + (means ? ` (${means})` : "");
}

function printedField(field, value, depth, measure, title) {
	if (!filled(value) || field.control === "measure")
		return [];
	if (isPart(field)) {
		const parts = field.list ? value : [value];
		const name = i => field.list ? heading(depth, `${oneOf(field)} ${i + 1}`) : field.label === title ? undefined : heading(depth, field.label);
		return parts.filter(filled).flatMap((part, i) => [name(i),
			...printedFields(field.fields, part, field.label === title && !field.list ? depth : depth + 1, field.key === "Request.measures" ? part.type : measure)]);
	}
	const guides = guidesOf(field, measure), values = field.list ? value.filter(filled) : [value];
	return [el("dl", {}, el("dt", {}, field.label, guides.length ? el("span", { class: "article" }, " ", guides.map(articleOf).join("; ")) : undefined),
		values.map(one => el("dd", { dir: "auto" }, printedValue(field, one))))];
}

function printedFields(fields, part, depth, measure) {
	return fields.flatMap(field => printedField(field, part[field.name], depth, measure));
}

function printedPage(draft) {
	return [el("h1", {}, form.title), el("p", {}, form.instrument ? `${form.instrument.title} (${form.instrument.citation})` : ""),
		el("p", {}, say("Draft; it is signed only once it is handed in.")),
		...form.sections.flatMap(section => {
			const inner = section.fields.flatMap(field => printedField(field, (ofBody(field) ? draft.body : draft.top)[field.name], 3, undefined, section.label));
			return inner.length ? [heading(2, section.label), ...inner] : [];
		})].filter(Boolean);
}
