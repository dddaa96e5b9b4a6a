// A field on the page: its label, what helps to fill it in, its control, and what is wrong with it. Texts only ever become
// text: nothing of a draft or of the form is read as HTML.

// An element; a child that is a text becomes one, an attribute that is undefined or false is left out.
function el(name, attributes = {}, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (typeof value === "function")
			element.addEventListener(key, value);
		else if (value !== undefined && value !== false)
			element.setAttribute(key, value === true ? "" : value);
	}
	element.append(...children.flat(Infinity).filter(child => child !== undefined && child !== null && child !== ""));
	return element;
}

const measureTypes = new Map();

const hiddenText = text => el("span", { class: "unseen" }, text);

// Where fields stand: the object that they are written in, its path and names, the type of the measure around them, how to
// draw the part anew, and how to tell those around that a value changed.
class Place {
	constructor(around, values) {
		Object.assign(this, { at: "", labels: [], measure: undefined, depth: 2, redraw: () => {}, retitle: () => {} }, around, values);
	}
}

// ------------------------------------------------------------------------------------------------------------ beside it

function guideBox(guides, id) {
	if (!guides.length)
		return undefined;
	return el("div", { class: "guides" }, guides.map((guide, i) => el("div", { class: "guide" },
		el("p", { id: `${id}?guide${i}` }, el("strong", {}, articleOf(guide)), " ", guide.text),
		guide.verified ? undefined : el("details", { class: "note" },
			el("summary", {}, say("Not verified against the primary text"), hiddenText(": " + articleOf(guide))),
			el("p", {}, guide.note ?? "")))));
}

// What the description of a measure says, by its type.
function askOf(field, place) {
	return field.key === "Measure.description" ? measureTypes.get(place.measure)?.ask : undefined;
}

function helpLines(field, place, id) {
	const isFixed = field.fixed && place.part[field.name] === field.preset;
	const lines = isFixed ? [say("The form was made for it.")] : [field.help, askOf(field, place), !applies(field, place.part, place.measure) && field.when,
		field.example && say("Example: {example}", { example: field.example })];
	return lines.filter(Boolean).map((line, i) => el("p", { class: "help", id: `${id}?help${i}` }, line));
}

// Marks that follow what is written elsewhere: "mandatory" where another field brings it.
const marks = new Set();

function drawMarks() {
	for (const mark of marks)
		if (mark.element.isConnected)
			mark.draw();
		else
			marks.delete(mark);
}

function badge(field, place, control) {
	const element = el("span", { class: "must" }, say("mandatory"));
	const mark = { element, draw: () => {
		const must = mandatory(field, place.part, place.measure);
		element.hidden = !must;
		if (control !== undefined && field.control !== "switch")
			must ? control.setAttribute("aria-required", "true") : control.removeAttribute("aria-required");
	} };
	mark.draw();
	marks.add(mark);
	return element;
}

// What stands in a control and is no value yet: half a date, a letter among digits. It is in no draft that is saved.
function half(control) {
	return control?.validity?.badInput ? say("This date is not complete, or there is no such day.") :
		control?.validationMessage && control.validity.customError ? control.validationMessage : undefined;
}

const halves = around => Array.from(around.querySelectorAll("input")).filter(control => half(control) !== undefined);

// What the value means or holds, beside it: the name of a state, a day in words, characters that are not seen.
function meaning(field, value) {
	const name = type => {
		try {
			return new Intl.DisplayNames([form.language], { type, fallback: "none" }).of(value) ?? "";
		} catch {
			return "";
		}
	};
	const text = typeof value === "string" ? value : "";
	if (text === "")
		return "";
	if (visible(text) !== text)
		return say("This text holds characters that are not seen, or that change the direction of writing: {text}",
			{ text: visible(text).slice(0, 500) });
	if (field.control === "state")
		return name("region");
	if (field.control === "language")
		return name("language");
	if (field.control === "date" && isDate(text))
		return new Intl.DateTimeFormat(form.language, { dateStyle: "full", timeZone: "UTC" }).format(new Date(text));
	if (field.control === "instant" && !Number.isNaN(Date.parse(text)))
		return new Intl.DateTimeFormat(form.language, { dateStyle: "full", timeStyle: "long" }).format(new Date(text));
	if (field.control === "size")
		return sizeText(Number(text));
	const choice = (field.choices ?? []).find(one => one.value === text);
	return choice ? choice.help ?? (field.control === "open" && choice.label !== text ? choice.label : "") : "";
}

function sizeText(n) {
	const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
	const step = Math.min(units.length - 1, n > 0 ? Math.floor(Math.log10(n) / 3) : 0);
	return new Intl.NumberFormat(form.language, { style: "unit", unit: units[step], unitDisplay: "long", maximumFractionDigits: 1 })
		.format(n / 1000 ** step);
}

// --------------------------------------------------------------------------------------------------------- its controls

const dataLists = new Map();

// One list of choices for all fields of a kind.
function dataList(key, choices) {
	if (!dataLists.has(key)) {
		const list = el("datalist", { id: `list ${key}`.replaceAll(" ", "-") },
			choices.map(choice => el("option", { value: choice.value, label: choice.label })));
		dataLists.set(key, list.id);
		document.body.append(list);
	}
	return dataLists.get(key);
}

// Codes that the browser has names for, without those that are no state.
function allCodes(type) {
	const letters = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	const none = new Set(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"]);
	const names = new Intl.DisplayNames([form.language], { type, fallback: "none" });
	const pairs = letters.flatMap(one => letters.map(two => type === "region" ? one + two : (one + two).toLowerCase()));
	const own = code => Intl.getCanonicalLocales(type === "region" ? "und-" + code : code)[0].endsWith(code);
	return pairs.filter(code => !none.has(code) && own(code)).map(code => ({ value: code, label: names.of(code) }))
		.filter(choice => choice.label).sort((a, b) => a.label.localeCompare(b.label, form.language));
}

function listOf(field) {
	if (field.control === "state")
		return dataList("region", dataLists.has("region") ? [] : allCodes("region"));
	if (field.control === "language")
		return dataList("language", dataLists.has("language") ? [] : allCodes("language"));
	return field.control === "open" && field.choices ? dataList(field.key, field.choices) : undefined;
}

// A name that was written in full is its code: France is FR.
function codeOf(field, text) {
	if (field.control !== "state" && field.control !== "language")
		return text;
	const option = Array.from(document.getElementById(listOf(field)).options)
		.find(one => one.label.toLowerCase() === text.trim().toLowerCase());
	return option ? option.value : field.control === "state" ? text.trim().toUpperCase() : text.trim().toLowerCase();
}

// What is typed never leaves this page, for a spelling service or a store of forms neither.
const typed = { autocomplete: "off", spellcheck: "false", dir: "auto" };

const offset = date => {
	const minutes = -date.getTimezoneOffset(), two = n => String(Math.floor(n)).padStart(2, "0");
	return (minutes < 0 ? "-" : "+") + two(Math.abs(minutes) / 60) + ":" + two(Math.abs(minutes) % 60);
};

// An instant in the time of this computer, as the control has it: 2026-11-23T10:00:00.
function localInstant(text) {
	const date = new Date(text);
	return Number.isNaN(date.valueOf()) ? "" :
		new Date(date.valueOf() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

function selectOf(attributes, choices, value, mandatory) {
	return el("select", attributes, el("option", { value: "" }, mandatory ? say("(please choose)") : say("(not stated)")),
		choices.map(choice => el("option", { value: choice.value, selected: choice.value === value }, choice.label)));
}

// A control, what it shows, and what of it is written. `set` gets undefined for nothing.
function controlOf(field, attributes, value, set) {
	const text = value === undefined ? "" : String(value);
	const own = { ...typed, ...attributes, class: `of-${field.control}` };
	const isFixed = field.fixed && text === field.preset;
	const onText = event => set(event.target.value === "" ? undefined : event.target.value);
	let input;
	switch (field.control) {
	case "choice":
		input = selectOf(attributes, field.choices, text, field.need === "mandatory");
		input.addEventListener("change", onText);
		return input;
	case "yes_no":
		input = selectOf(attributes, [{ value: "true", label: say("yes") }, { value: "false", label: say("no") }], text);
		input.addEventListener("change", () => set(input.value === "" ? undefined : input.value === "true"));
		return input;
	case "switch":
		return el("input", { ...attributes, type: "checkbox", checked: value === true, change: event => set(event.target.checked || undefined) });
	case "text":
		input = el("textarea", { ...own, rows: "3", input: onText, change: onText });
		input.value = text;
		return input;
	case "date":
		return el("input", { ...attributes, class: own.class, type: "date", max: "9999-12-31", value: text, input: onText });
	case "instant":
		return el("input", { ...attributes, class: own.class, type: "datetime-local", max: "9999-12-31T23:59:59", value: localInstant(text),
			input: event => {
				const at = event.target.value, whole = at.length === 16 ? at + ":00" : at;
				set(at === "" ? undefined : whole + offset(new Date(whole)));
			} });
	case "number":
	case "size":
	case "measure":
		return el("input", { ...own, inputmode: "numeric", value: text, input: event => {
			const typed = event.target.value.trim(), value = digits(typed);
			event.target.setCustomValidity(typed === "" || value !== undefined ? "" : say("Only digits may stand here."));
			set(value === undefined ? undefined : field.control === "size" ? value : Number(value));
		} });
	case "bytes":
		return el("input", { ...own, dir: "ltr", value: text === "" ? "" : hexOf(bytesOf(text)), input: event => {
			const hex = event.target.value.replace(/\s/g, ""), whole = /^([0-9a-fA-F]{2})*$/.test(hex);
			event.target.setCustomValidity(whole ? "" : say("Pairs of hexadecimal digits are expected here."));
			set(hex === "" || !whole ? undefined : base64Of(bytesOfHex(hex)));
		} });
	default:
		input = el("input", { ...own, list: isFixed ? undefined : listOf(field), readonly: isFixed, input: onText,
			change: event => {
				event.target.value = codeOf(field, event.target.value);
				onText(event);
			} });
		input.value = text;
		return input;
	}
}

// -------------------------------------------------------------------------------------------------------------- a row

const describedBy = (...elements) =>
	elements.flat().filter(Boolean).flatMap(element => element.id ? [element.id] : Array.from(element.querySelectorAll("p[id]"), p => p.id))
		.join(" ") || undefined;

// Has somebody been in the field, so that what is missing there may be said?
const visited = new Set();

// Say at the field what is wrong with it; an empty one only once somebody was there.
function judgeRow(row, field, place, value, path) {
	const error = row.querySelector(".error"), control = document.getElementById(path) ?? row.querySelector("input, textarea, select");
	const text = half(control) ?? (filled(value) ? turned(field, place.part) ? say("The last day lies before the first.") : wrong(field, value) :
		visited.has(path) && mandatory(field, place.part, place.measure) ? say("This field is mandatory.") : undefined);
	error.textContent = text ?? "";
	error.hidden = text === undefined;
	row.classList.toggle("faulty", text !== undefined);
	if (control)
		text === undefined ? control.removeAttribute("aria-invalid") : control.setAttribute("aria-invalid", "true");
}

// The row of one value: `get` and `set` reach it.
function row(field, place, path, label, get, set) {
	const guides = guideBox(guidesOf(field, place.measure), path), help = helpLines(field, place, path);
	const error = el("p", { class: "error", id: `${path}?error`, hidden: true });
	const means = el("p", { class: "means", id: `${path}?means`, dir: "auto" });
	const check = () => judgeRow(box, field, place, get(), path);
	const tell = () => {
		const text = [meaning(field, get()), oddDay(field, get())].filter(Boolean).join(". ");
		means.textContent = text;
		means.hidden = text === "";
	};
	const control = controlOf(field, { id: path, "aria-describedby": describedBy(help, guides, means, error),
		blur: () => { visited.add(path); check(); }, judge: () => check() }, get(), value => {
		set(value);
		tell();
		check();
		changed(place, field);
	});
	const name = el("label", { for: path }, label, " ");
	const must = badge(field, place, control);
	const ask = field.control === "switch" ? [el("div", { class: "switch" }, control, name), ...help, error, means] :
		[el("div", { class: "name" }, name, must), ...help, error, control, means];
	const box = el("div", { class: "row" }, el("div", { class: "ask" }, ask), guides);
	tell();
	if (filled(get()) || visited.has(path))
		check();
	return box;
}

function valueRow(field, place) {
	return row(field, place, place.at + field.name, field.label, () => place.part[field.name], value => {
		if (value === undefined)
			delete place.part[field.name];
		else
			place.part[field.name] = value;
	});
}

// Several values of one kind, from which people choose, or which they write.
function choicesRow(field, place) {
	const path = place.at + field.name, values = () => place.part[field.name] ?? [];
	const known = field.choices ?? [], help = helpLines(field, place, path), guides = guideBox(guidesOf(field, place.measure), path);
	const error = el("p", { class: "error", id: `${path}?error`, hidden: true });
	const write = list => {
		place.part[field.name] = list;
		if (!list.length)
			delete place.part[field.name];
		judgeRow(box, field, place, place.part[field.name], path);
		changed(place, field);
	};
	const isKnown = value => known.some(choice => choice.value === value);
	let chosen = values().filter(isKnown), others = values().filter(value => !isKnown(value));
	const boxes = known.map((choice, i) => {
		const id = i === 0 ? path : `${path}?${choice.value}`, hint = choice.help ? el("p", { class: "help", id: `${id}?hint` }, choice.help) : undefined;
		return el("div", { class: "switch" }, el("input", { type: "checkbox", id, value: choice.value, checked: chosen.includes(choice.value),
			"aria-describedby": describedBy(hint),
			change: event => {
				chosen = event.target.checked ? [...chosen, choice.value] : chosen.filter(one => one !== choice.value);
				write([...chosen, ...others]);
			} }),
		el("label", { for: id }, choice.label), hint);
	});
	const other = el("textarea", { ...typed, id: `${path}?other`, rows: "2", class: "of-others", input: event => {
		others = event.target.value.split("\n").map(line => line.trim()).filter(Boolean);
		write([...chosen, ...others]);
	} });
	other.value = others.join("\n");
	const box = el("fieldset", { class: "row", "aria-describedby": describedBy(help, guides, error) }, el("legend", {}, field.label, " ", badge(field, place)),
		el("div", { class: "ask" }, help, error, el("div", { class: "boxes" }, boxes),
			el("div", { class: "name" }, el("label", { for: other.id }, say("Others, each on a line of its own"))), other), guides);
	return box;
}

// Lines or texts without choices, each in a row of its own.
function textsRow(field, place) {
	const path = place.at + field.name, values = place.part[field.name] ?? [""];
	const help = helpLines(field, place, path), guides = guideBox(guidesOf(field, place.measure), path);
	const error = el("p", { class: "error", id: `${path}?error`, hidden: true });
	const judge = () => judgeRow(box, field, place, place.part[field.name], path);
	const shown = values.length ? values : [""];
	const redraw = focus => {
		const fresh = textsRow(field, place);
		box.replaceWith(fresh);
		document.getElementById(focus)?.focus();
	};
	const one = i => {
		const id = i === 0 ? path : `${path}[${i}]`, label = say("{label} {n}", { label: field.label, n: i + 1 });
		const control = controlOf({ ...field, choices: undefined }, { id, "aria-label": label, "aria-describedby": describedBy(help, guides, error), blur: () => { visited.add(path); judge(); }, judge }, shown[i], value => {
			shown[i] = value ?? "";
			place.part[field.name] = shown;
			judge();
			changed(place, field);
		});
		return el("div", { class: "line" }, control, shown.length > 1 ? el("button", { type: "button", class: "quiet", click: () => {
			shown.splice(i, 1);
			place.part[field.name] = shown;
			changed(place, field);
			redraw(path);
		} }, say("Remove"), hiddenText(" " + label)) : undefined);
	};
	const box = el("fieldset", { class: "row" }, el("legend", {}, field.label, " ", badge(field, place)),
		el("div", { class: "ask" }, help, error, shown.map((value, i) => one(i)), shown.length < field.most ?
			el("button", { type: "button", class: "quiet another", click: () => {
				place.part[field.name] = [...shown, ""];
				redraw(`${path}[${shown.length}]`);
			} }, say("Add another"), hiddenText(": " + field.label)) : undefined), guides);
	if (filled(values))
		judge();
	return box;
}
