// What a browser can see of a draft: what is missing, what has not the form of its kind, how far each section is.
// 'comityctl check' sees the rest.

// Has the field a sense beside what stands in its part?
function applies(field, part) {
	const value = field.where === undefined ? undefined : part[camel(field.where)];
	return field.where === undefined || field.is.includes(String(value ?? "false"));
}

// Where a field stands: the type of its measure, if it is of one.
function asks(guide, measure) {
	const types = measure ? [measure] : form.measures.map(type => type.value);
	return guide.measures === undefined || guide.measures.some(type => types.includes(type));
}

const guidesOf = (field, measure) => (field.guides ?? []).filter(guide => asks(guide, measure));

// The instrument or the measure asks for it, or for something within it.
function askedFor(field, measure) {
	return guidesOf(field, measure).length > 0 || (measure !== undefined && (field.mandatoryFor ?? []).includes(measure)) ||
		(isPart(field) && !field.list && field.fields.some(inner => askedFor(inner, measure)));
}

// A part that another choice brings with it, and in which something is mandatory: the particulars of a hearing.
function brought(field) {
	return field.where !== undefined && Boolean(field.usual) && isPart(field) && !field.list &&
		field.fields.some(inner => inner.need === "mandatory");
}

function mandatory(field, part, measure) {
	if (field.need === "ours" || (field.instead && filled(part[camel(field.instead)])))
		return false;
	return field.need === "mandatory" || Boolean(field.instead) || brought(field) || askedFor(field, measure);
}

// Of a field that need not be there: shown from the start, or behind "More".
function prominent(field, part, measure) {
	return mandatory(field, part, measure) || field.usual || field.need === "sometimes" || filled(part[field.name]);
}

const codes = {
	state: { form: /^[A-Z]{2}$/, text: () => say("Two capital letters of ISO 3166-1 are expected, such as IE.") },
	language: { form: /^[a-z]{2}$/, text: () => say("Two small letters of ISO 639-1 are expected, such as en.") },
	languages: { form: /^[a-z]{2}( [a-z]{2})*$/, text: () => say("Codes of ISO 639-1 with blanks between are expected, such as en fr.") },
};

// What is wrong with a value that is there; undefined: nothing.
function wrong(field, value) {
	if (Array.isArray(value))
		return value.map(one => wrong(field, one)).find(Boolean);
	if (field.key === "Submission.to" && !/^[A-Z0-9-]{1,32}$/.test(value))
		return say("Capital letters, digits and hyphens are expected, such as IE or US-OIA.");
	if (field.control in codes && !codes[field.control].form.test(value))
		return codes[field.control].text();
	if (field.key === "Attachment.sha256" && bytesOf(value).length !== 32)
		return say("A SHA-256 digest has 64 hexadecimal digits.");
	if (field.name === "version" && form.instrument && field.choices && !field.choices.some(choice => choice.value === value))
		return say("This form is for version {mine} of the profile.", { mine: form.instrument.version });
	if (isText(field) && value.trim() === "")
		return say("Only blanks stand here.");
	return undefined;
}

// 2026-02-01 comes before 2026-01-01: the last day of a period lies before its first.
function turned(field, part) {
	const first = field.name.replace(/[tT]oDate$/, to => to[0] === "t" ? "fromDate" : "FromDate");
	return first !== field.name && part[first] && part[field.name] && part[first] > part[field.name];
}

// One round through the draft.
class Look {
	constructor() {
		this.faults = [];
		this.doubts = []; // mandatory in some cases, which the page cannot tell
		this.wanted = 0;
		this.there = 0;
	}

	fault(path, labels, text, article) {
		this.faults.push({ path, label: labels.join(" › "), text, article });
	}

	missing(field, path, labels, measure) {
		const guide = guidesOf(field, measure)[0];
		if (guide)
			this.fault(path, labels, guide.text, articleOf(guide));
		else
			this.fault(path, labels, field.need === "mandatory" && field.why ? field.why : say("This field is mandatory."));
	}

	field(field, part, at, labels, measure) {
		const value = part[field.name], path = at + field.name, there = filled(value);
		const named = [...labels, field.label];
		if (field.need === "ours" || (!there && !applies(field, part)))
			return;
		if (mandatory(field, part, measure)) {
			this.wanted++;
			this.there += there;
			if (!there && (!isPart(field) || (field.list && !value?.length)))
				return this.missing(field, path, named, measure);
		} else if (!there) {
			if (field.need === "sometimes" && field.mandatoryFor === undefined && !field.guides)
				this.doubts.push({ path, label: named.join(" › "), text: field.why });
			return;
		}
		this.value(field, part, path, named, measure);
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
		const text = isTurned ? say("The last day lies before the first.") : wrong(field, value);
		if (text)
			this.fault(path, named, text);
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
	return (form.atoms ?? []).filter(term => chosen.has(term.atom));
}

function acknowledged(body, atom) {
	return (body.atomWarnings ?? []).find(warning => warning.atom === atom);
}

function lookAtTerms(look, body) {
	for (const term of differences(body)) {
		const known = acknowledged(body, term.atom);
		look.wanted++;
		look.there += Boolean(known && filled(known.acknowledgedBy));
		if (!known || !filled(known.acknowledgedBy))
			look.fault(`terms.${term.atom}`, [termLabel(term.atom)],
				say("The two states mean different things by it: name the officer who has taken note of that."));
	}
}

// A section: {faults, doubts, wanted, there}.
function lookAt(section, draft) {
	const look = new Look();
	for (const field of section.fields) {
		if (field.key === "Request.atom_warnings")
			lookAtTerms(look, draft.body);
		else if (ofBody(field))
			look.field(field, draft.body, `content.${kind}.`, []);
		else
			look.field(field, draft.top, "", []);
	}
	return look;
}
