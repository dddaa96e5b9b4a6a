// What a browser can see of a draft: what is missing, what has not the form of its kind, how far each section is. The rules
// come with the form, from the law and the treaty profile that 'comityctl check' asks as well. What is seen only there is a
// doubt, and a draft with doubts is not called complete.

// The draft is based on the instrument for which the form was made.
const underInstrument = () => form.instrument !== undefined && draft.body.legalBasis?.reciprocity !== true;

// Has the field a sense beside what stands in its part? What is asked for has.
function applies(field, part, measure) {
	const value = field.where === undefined ? undefined : part[camel(field.where)];
	return field.where === undefined || field.is.includes(String(value ?? "false")) || askedFor(field, measure);
}

// The types of measure for which a field must answer: that of its own measure, or all of the draft.
function typesOf(measure) {
	if (measure)
		return [measure];
	const types = (draft.body.measures ?? []).map(one => one.type).filter(Boolean);
	return types.length ? types : (form.measures ?? []).map(type => type.value);
}

const asks = (guide, measure) => guide.measures === undefined || guide.measures.some(type => typesOf(measure).includes(type));
const guidesOf = (field, measure) => (field.guides ?? []).filter(guide => asks(guide, measure));

// The instrument or the measure asks for it, or for something within it.
function askedFor(field, measure) {
	return (underInstrument() && guidesOf(field, measure).some(guide => guide.asked)) ||
		(field.mandatoryFor ?? []).some(type => typesOf(measure).includes(type)) ||
		(isPart(field) && !field.list && field.fields.some(inner => askedFor(inner, measure)));
}

// A part that another choice brings with it, and in which something is mandatory: the particulars of a hearing.
function brought(field) {
	return field.where !== undefined && Boolean(field.usual) && isPart(field) && !field.list &&
		field.fields.some(inner => inner.need === "mandatory");
}

// Another field beside it has the value that makes it mandatory.
const demanded = (field, part) => field.mustWhere !== undefined && String(part[camel(field.mustWhere)] ?? "false") === field.mustIs;

function mandatory(field, part, measure) {
	if (field.need === "ours" || !applies(field, part, measure))
		return false;
	if (askedFor(field, measure) || demanded(field, part))
		return true;
	return !(field.instead && filled(part[camel(field.instead)])) &&
		(field.need === "mandatory" || Boolean(field.instead) || brought(field));
}

// Of a field that need not be there: shown from the start, or behind "More".
function prominent(field, part, measure) {
	return mandatory(field, part, measure) || field.usual || field.need === "sometimes" || filled(part[field.name]);
}

const bytesIn = text => new TextEncoder().encode(text).length;

// What is wrong with a text, whatever its field.
function wrongText(field, text) {
	if (text.includes("\0") || !text.isWellFormed())
		return say("Something stands here that is no character. Write it again.");
	if (text.includes("FILL IN"))
		return say("This still says FILL IN.");
	if (!/[^ \t\r\n]/.test(text))
		return say("Only blanks stand here.");
	if (field.shape.mostBytes !== undefined && bytesIn(text) > field.shape.mostBytes)
		return field.shape.told && field.shape.mostBytes <= 2 ? field.shape.told :
			say("At most {most} bytes may stand here; there are {n}.", { most: field.shape.mostBytes, n: bytesIn(text) });
	if (field.shape.pattern !== undefined && !new RegExp(`^(?:${field.shape.pattern})$`, "u").test(text))
		return field.shape.told;
	return undefined;
}

// What is wrong with a value that is there; undefined: nothing.
function wrong(field, value) {
	if (Array.isArray(value))
		return value.filter(filled).map(one => wrong(field, one)).find(Boolean);
	const text = isText(field) ? wrongText(field, value) : undefined;
	if (text !== undefined)
		return text;
	if (field.fixed && value !== field.preset)
		return say("This form is for {mine}. For anything else make another form.", { mine: field.preset });
	if (underInstrument() && field.shape.only !== undefined && !field.shape.only.includes(value))
		return say("The instrument does not know this here. It knows: {values}.", { values: inWords(field.shape.only) });
	if (field.control === "size" && BigInt(value) > mostOf(field))
		return say("At most {most} are expected here.", { most: String(mostOf(field)) });
	if (field.control === "languages" && !/^[a-z]{2}( [a-z]{2})*$/.test(value))
		return say("Codes of ISO 639-1 with blanks between are expected, such as en fr.");
	if (field.control === "date" && !isDate(value))
		return say("A date is expected here, such as 2026-11-23.");
	if (field.control === "instant" && !(Date.parse(value) >= field.shape.least))
		return say("An instant is expected here, such as 2026-11-23T10:00:00Z.");
	if (field.key === "Attachment.sha256" && bytesOf(value).length !== 32)
		return say("A SHA-256 digest has 64 hexadecimal digits.");
	return undefined;
}

const inWords = values => new Intl.ListFormat(form.language, { type: "unit" }).format(values);

// 2026-02-01 comes before 2026-01-01: the last day of a period lies before its first.
function turned(field, part) {
	const first = field.name.replace(/[tT]oDate$/, to => to[0] === "t" ? "fromDate" : "FromDate");
	return first !== field.name && part[first] && part[field.name] && part[first] > part[field.name];
}

// The day of this computer, as dates are written.
function today() {
	const now = new Date();
	return new Date(now.valueOf() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
}

// A date on the side of today on which it has no sense; no fault.
function oddDay(field, value) {
	if (field.day === undefined || typeof value !== "string" || wrong(field, value) !== undefined)
		return undefined;
	const odd = field.control === "instant" ? Date.parse(value) > Date.now() + 86400000 :
		field.day === "not_later" ? value > today() : value < today();
	return !odd ? undefined : field.day === "not_later" ? say("This day is still to come: correct it.") :
		say("This day has passed: correct it, or leave it out.");
}

// A category of data that is nearly one of the profile's would pass without the approval that it needs.
function oddCategory(field, value) {
	return underInstrument() && /\.data_categor(y|ies)$/.test(field.key) && field.choices !== undefined &&
		!field.choices.some(choice => choice.value === value);
}

// One round through the draft. What is missing and what is wrong are faults.
class Look {
	constructor() {
		this.faults = [];
		this.doubts = []; // what the page cannot tell
		this.warnings = []; // no faults, and to be known
		this.wanted = 0; // mandatory fields, and of them:
		this.there = 0;
	}

	get wrong() {
		return this.faults.length - (this.wanted - this.there);
	}

	fault(path, labels, text, article) {
		this.faults.push({ path, label: labels.join(" › "), text, article });
	}

	doubt(path, labels, text) {
		this.doubts.push({ path, label: labels.join(" › "), text });
	}

	missing(field, path, labels, measure) {
		const guide = underInstrument() ? guidesOf(field, measure).find(one => one.asked) : undefined;
		this.wanted++;
		if (guide)
			this.fault(path, labels, guide.text, articleOf(guide));
		else
			this.fault(path, labels, field.need === "mandatory" && field.why ? field.why : say("This field is mandatory."));
	}

	field(field, part, at, labels, measure) {
		const value = part[field.name], path = at + field.name, there = filled(value);
		const named = [...labels, field.label], must = mandatory(field, part, measure);
		if (field.need === "ours") {
			if (there)
				this.doubt(path, named, say("The program fills this in; what the file says here is seen by comityctl check alone."));
			return;
		}
		if (there && field.fixed && !applies(field, part, measure))
			this.fault(path, named, field.when ?? say("This must stay empty."));
		if (must && !there && (!isPart(field) || (field.list && !value?.length)))
			return this.missing(field, path, named, measure);
		if (must && !isPart(field))
			this.wanted++, this.there++;
		if (must || there)
			this.value(field, part, path, named, measure);
		else if (applies(field, part, measure) && field.need === "sometimes" && field.mandatoryFor === undefined && !field.guides && !field.mustWhere && !isPart(field))
			this.doubt(path, named, field.why);
	}

	value(field, part, path, named, measure) {
		const value = part[field.name];
		if (field.list && value.length > field.most)
			this.fault(path, named, say("At most {most} may stand here; there are {n}.", { most: field.most, n: value.length }));
		if (field.list)
			value.forEach((item, i) => this.item(field, item, `${path}[${i}]`, i, named, measure));
		else if (isPart(field))
			this.part(field.fields, value ?? {}, path + ".", named, measure);
		else
			this.one(field, value, path, named, turned(field, part));
	}

	item(field, item, path, i, named, measure) {
		const labels = [...named.slice(0, -1), `${oneOf(field)} ${i + 1}`];
		if (isPart(field))
			this.part(field.fields, item, path + ".", labels, field.key === "Request.measures" ? item.type : measure);
		else if (filled(item))
			this.one(field, item, path, labels, false);
	}

	one(field, value, path, named, isTurned) {
		const text = isTurned ? say("The last day lies before the first.") : wrong(field, value), odd = oddDay(field, value);
		if (text)
			this.fault(path, named, text);
		if (odd)
			this.warnings.push({ path, label: named.join(" › "), text: odd });
		if (oddCategory(field, value))
			this.doubt(path, named, say("The instrument does not name this category of data: if it means one of those that it names, choose that one."));
	}

	part(fields, part, at, labels, measure) {
		for (const field of fields)
			this.field(field, part, at, labels, measure);
	}
}

function articleOf(guide) {
	return /^[0-9]/.test(guide.article) ? say("{instrument}, Article {article}", guide) : `${guide.instrument}, ${guide.article}`;
}

// Differences of terms that the chosen data bring with them.
function differences(body) {
	const chosen = new Set((body.measures ?? []).flatMap(measure => measure.atoms ?? []));
	return underInstrument() ? (form.atoms ?? []).filter(term => chosen.has(term.atom)) : [];
}

function acknowledged(body, atom) {
	return (body.atomWarnings ?? []).find(warning => warning.atom === atom);
}

// Does a file that says what a state means say what the profile says?
function agrees(said, meant) {
	return said === undefined || ["state", "category", "threshold"].every(name => (said[name] ?? "") === (meant[name] ?? ""));
}

function lookAtTerms(look, body) {
	const terms = differences(body), named = atom => [termLabel(atom ?? "")];
	for (const term of terms) {
		const known = acknowledged(body, term.atom), there = known !== undefined && filled(known.acknowledgedBy);
		look.wanted++;
		look.there += there;
		if (!there)
			look.fault(`terms.${term.atom}`, named(term.atom),
				say("The two states mean different things by it: name the officer who has taken note of that."));
		else if (!agrees(known.ours, term.ours) || !agrees(known.theirs, term.theirs))
			look.fault(`terms.${term.atom}`, named(term.atom), say("The file says that something else was taken note of. Clear this field, and write the name again."));
	}
	for (const known of body.atomWarnings ?? []) {
		const term = terms.find(one => one.atom === known.atom), text = wrongText({ shape: {} }, known.acknowledgedBy ?? " ");
		if (underInstrument() && term === undefined)
			look.fault(`terms.${known.atom ?? ""}`, named(known.atom), say("There is nothing to take note of here: clear this field."));
		else if (text !== undefined && (filled(known.acknowledgedBy) || term === undefined || known !== acknowledged(body, known.atom)))
			look.fault(`terms.${known.atom ?? ""}`, named(known.atom), text);
	}
}

// Data of some categories need an approval of their own; which data are touched is seen by check alone.
function lookAtApprovals(look, body, field) {
	const approved = new Set((body.approvals ?? []).flatMap(approval => approval.categories ?? []));
	const asked = (body.measures ?? []).some(measure => filled(measure.atoms) || filled(measure.dataCategories)) ||
		(body.attachments ?? []).some(attachment => filled(attachment.dataCategory));
	for (const category of form.instrument?.sensitive ?? [])
		if (underInstrument() && asked && !approved.has(category))
			look.doubt(`content.${kind}.approvals`, [field.label], say("Data of the category {category} need an approval that names it.", { category }));
}

// What holds whatever is written: the instrument is not in force between the two states, or no longer.
function lookAtInstrument(look, field) {
	const path = `content.${kind}.legalBasis.instrument`;
	if (!underInstrument())
		return;
	for (const fault of form.faults ?? [])
		look.fault(path, [field.label], fault.text, fault.article);
	if (form.instrument.until !== undefined && today() > form.instrument.until)
		look.fault(path, [field.label], say("This version of the treaty profile holds until {day}: make the form anew.", { day: form.instrument.until }));
}

// A section: {faults, doubts, warnings, wanted, there}.
function lookAt(section) {
	const look = new Look();
	for (const field of section.fields) {
		if (field.key === "Request.atom_warnings")
			lookAtTerms(look, draft.body);
		else if (ofBody(field))
			look.field(field, draft.body, `content.${kind}.`, []);
		else
			look.field(field, draft.top, "", []);
		if (field.key === "Request.approvals")
			lookAtApprovals(look, draft.body, field);
		if (field.name === "legalBasis")
			lookAtInstrument(look, field);
	}
	return look;
}
