// The draft: what 'comityctl submit' takes, in JSON (proto3 mapping), as an object that always fits the form. What a file
// says beside that is told to whoever opens it.

const read = id => JSON.parse(document.getElementById(id).textContent);
const form = read("form");
const words = read("words");

// A sentence in the language of the form; {name} stands for a value.
function say(english, values = {}) {
	const text = Object.hasOwn(words, english) ? words[english] : english;
	return text.replace(/\{(\w+)\}/g, (all, name) => Object.hasOwn(values, name) ? String(values[name]) : all);
}

const camel = name => name.replace(/_(.)/g, (all, letter) => letter.toUpperCase());
const kind = camel(form.kind);
const ofBody = field => field.path.startsWith("content.");
const allFields = form.sections.flatMap(section => section.fields);
const topFields = allFields.filter(field => !ofBody(field));
const bodyFields = allFields.filter(ofBody);

const isPart = field => Boolean(field.fields);
const isText = field => !isPart(field) && !["number", "size", "measure", "switch", "yes_no"].includes(field.control);

// The name of one element of a list.
const oneOf = field => field.element ?? field.label;

// Characters that are not seen, or that turn the direction of writing, made visible.
const harmful = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
function visible(text) {
	return text.replace(harmful, c => "\\u{" + c.codePointAt(0).toString(16) + "}");
}

// Is anything written there?
function filled(value) {
	if (Array.isArray(value))
		return value.some(filled);
	if (value !== null && typeof value === "object")
		return Object.values(value).some(filled);
	return value !== undefined && value !== null && value !== "";
}

// ------------------------------------------------------------------------------------------------------------- reading

// Lines that begin with // are comments, as in a template. Only \n ends a line: U+2028, which does so for ^ and $, may stand
// in a text.
const withoutComments = text => text.replace(/^\ufeff/, "").replace(/(^|\n)[ \t]*\/\/[^\n]*/g, "$1");
const parseDraft = text => JSON.parse(withoutComments(text));

// Where a name stands twice in one object: JSON.parse() takes the last one and says nothing.
function namedTwice(text) {
	const found = [], open = [];
	let name = "";
	for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/g)) {
		const around = open.at(-1);
		if (token === "{" || token === "[")
			open.push({ names: token === "{" ? new Set() : undefined, path: name, n: 0 });
		else if (token === "}" || token === "]")
			open.pop();
		else if (token === ",")
			around.n++;
		else if (token === ":" && around.names.has(around.last))
			found.push(name);
		else if (token === ":")
			around.names.add(around.last);
		else if (around?.names)
			around.last = JSON.parse(token);
		const now = open.at(-1);
		name = now === undefined ? "" : now.names === undefined ? `${now.path}[${now.n}]` :
			now.path + (now.path ? "." : "") + (now.last ?? "");
	}
	return found;
}

// What of a file does not fit: where, what it says there, and why.
class Strange {
	constructor() {
		this.list = [];
		this.more = 0;
		this.left = 0; // texts that still say FILL IN
	}

	add(path, value, text) {
		if (this.list.length === 200) {
			this.more++;
			return undefined;
		}
		const said = written(value);
		this.list.push({ path, said: visible(said.length > 300 ? said.slice(0, 300) + "…" : said), text });
		return undefined;
	}
}

// As JSON, as far as a browser can: it gives up where a thousand lists stand in each other.
function written(value) {
	try {
		return JSON.stringify(value) ?? "";
	} catch {
		return "…";
	}
}

function digits(value) {
	return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? String(value) :
	       typeof value === "string" && /^[0-9]{1,20}$/.test(value) ? String(BigInt(value)) : undefined;
}

const mostOf = field => BigInt(field.shape.most ?? (field.control === "size" ? "18446744073709551615" : 4294967295));

function takeNumber(field, value, path, strange) {
	const text = digits(value);
	if (text === undefined || (field.control !== "size" && BigInt(text) > mostOf(field)))
		return strange.add(path, value, say("A whole number is expected here."));
	return field.control === "size" ? text : Number(text);
}

function takeText(field, value, path, strange) {
	if (field.control === "instant" && digits(value) !== undefined && Number(value) <= lastInstant)
		return Number(value) === 0 ? undefined : new Date(Number(value)).toISOString().replace(".000Z", "Z");
	if (typeof value !== "string")
		return strange.add(path, value, say("A text is expected here."));
	if (value.includes("FILL IN")) {
		strange.left++;
		return undefined;
	}
	if (field.control === "choice" && value !== "" && !field.choices.some(choice => choice.value === value))
		return strange.add(path, value, say("The form does not know this choice."));
	if (field.control === "instant" && value !== "" && !isInstant(value))
		return strange.add(path, value, say("An instant is expected here, such as 2026-11-23T10:00:00Z."));
	if (field.control === "date" && value !== "" && !isDate(value))
		return strange.add(path, value, say("A date is expected here, such as 2026-11-23."));
	if (field.control === "bytes" && bytesOf(value) === undefined)
		return strange.add(path, value, say("Bytes in base64 are expected here."));
	if (field.fixed && value !== "" && value !== field.preset)
		strange.add(path, value, say("This form is for {mine}: its rules may differ, so look at each field. What the draft says was kept.", { mine: field.preset }));
	return value === "" ? undefined : field.control === "bytes" ? base64Of(bytesOf(value)) : value;
}

function takeOne(field, value, path, strange) {
	if (isPart(field)) {
		if (value === null || typeof value !== "object" || Array.isArray(value))
			return strange.add(path, value, say("Several fields within { } are expected here."));
		return takePart(field.fields, value, path + ".", strange);
	}
	if (field.control === "switch" || field.control === "yes_no")
		return typeof value === "boolean" ? value : strange.add(path, value, say("true or false is expected here."));
	return isText(field) ? takeText(field, value, path, strange) : takeNumber(field, value, path, strange);
}

function takeField(field, value, path, strange) {
	if (!field.list)
		return takeOne(field, value, path, strange);
	if (!Array.isArray(value))
		return strange.add(path, value, say("A list within [ ] is expected here."));
	return value.map((item, i) => takeOne(field, item, `${path}[${i}]`, strange)).filter(item => item !== undefined);
}

// The fields of an object that the form knows, under their names in JSON.
function takePart(fields, object, path, strange) {
	const out = {}, given = new Set();
	for (const [key, value] of Object.entries(object)) {
		const field = fields.find(f => f.name === key || f.path.split(".").pop().replace("[]", "") === key);
		const taken = value === null ? undefined :
			field === undefined ? strange.add(path + key, value, say("The form has no such field.")) :
			takeField(field, value, path + key, strange);
		if (field !== undefined && value !== null && given.has(field.name))
			strange.add(path + key, value, say("This field stands in the file under both its names; the last one was taken."));
		if (field !== undefined && value !== null)
			given.add(field.name);
		if (taken !== undefined)
			out[field.name] = taken;
	}
	return out;
}

// { top, body } of a whole submission.
function takeDraft(value, strange) {
	const { content = {}, ...around } = value;
	const top = takePart(topFields, around, "", strange);
	let body = {};
	for (const [key, inner] of Object.entries(content ?? {})) {
		if (camel(key) !== kind || inner === null || typeof inner !== "object" || Array.isArray(inner))
			strange.add("content." + key, inner, say("This form is for another kind of message."));
		else
			body = takePart(bodyFields, inner, `content.${kind}.`, strange);
	}
	for (const [i, measure] of (body.measures ?? []).entries()) {
		if (measure.measure !== i + 1)
			strange.add(`content.${kind}.measures[${i}].measure`, measure.measure, say("Measures are numbered as they stand: this is number {n} now.", { n: i + 1 }));
		measure.measure = i + 1;
	}
	return { top, body };
}

// ------------------------------------------------------------------------------------------------------------- writing

function putField(field, value) {
	if (!filled(value))
		return undefined;
	if (field.list)
		return value.filter(filled).map(item => isPart(field) ? putPart(field.fields, item) : item);
	return isPart(field) ? putPart(field.fields, value) : value;
}

// What is written, in the order of the form.
function putPart(fields, object) {
	const out = {};
	for (const field of fields) {
		const value = putField(field, object[field.name]);
		if (value !== undefined)
			out[field.name] = value;
	}
	return out;
}

function putDraft(draft) {
	return { ...putPart(topFields, draft.top), content: { [kind]: putPart(bodyFields, draft.body) } };
}

// ----------------------------------------------------------------------------------------------------------- beginning

// What a part has before anybody writes in it.
function beginPart(fields) {
	const out = {};
	for (const field of fields) {
		const value = beginField(field);
		if (value !== undefined)
			out[field.name] = value;
	}
	return out;
}

function beginField(field) {
	const wanted = field.need === "mandatory" || field.usual || Boolean(field.guides);
	if (field.key === "Request.measures")
		return form.measures.map((type, i) => ({ ...beginPart(field.fields), measure: i + 1, type: type.value }));
	if (isPart(field) && field.control !== "file" && wanted && field.need !== "ours")
		return field.list ? [beginPart(field.fields)] : beginPart(field.fields);
	if (isPart(field) || !field.preset)
		return undefined;
	return isText(field) ? field.preset : Number(field.preset);
}

const newDraft = () => ({ top: beginPart(topFields), body: beginPart(bodyFields) });

// -------------------------------------------------------------------------------------------------------------- values

function isDate(text) {
	const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
	const date = match && new Date(text + "T00:00:00Z");
	return Boolean(match) && match[1] !== "0000" && !Number.isNaN(date.valueOf()) && date.toISOString().startsWith(text);
}

// What the daemon reads: RFC 3339 with a zone, of a day that there is.
const lastInstant = Date.parse("9999-12-31T23:59:59Z");
function isInstant(text) {
	return /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/.test(text) &&
		isDate(text.slice(0, 10)) && Date.parse(text) <= lastInstant;
}

function bytesOf(base64) {
	try {
		return Uint8Array.from(atob(base64.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
	} catch {
		return undefined;
	}
}

const base64Of = bytes => btoa(Array.from(bytes, b => String.fromCharCode(b)).join(""));
const hexOf = bytes => Array.from(bytes, b => b.toString(16).padStart(2, "0")).join("");
const bytesOfHex = hex => Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16));
