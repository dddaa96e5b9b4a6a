// Attachments: a file is listed by name, size and SHA-256, which are found out here. The file itself stays where it is.

const readAtOnce = 4 * 1024 * 1024;

// The digest of a file of any size, in bounded memory.
async function digestOf(file, onProgress) {
	const hash = new Sha256();
	for (let at = 0; at < file.size; at += readAtOnce) {
		hash.update(new Uint8Array(await file.slice(at, at + readAtOnce).arrayBuffer()));
		onProgress(Math.min(1, (at + readAtOnce) / file.size));
	}
	return hash.end();
}

async function attach(list, file, progress) {
	const percent = new Intl.NumberFormat(form.language, { style: "percent" });
	try {
		const digest = await digestOf(file, share => {
			progress.textContent = say("{name}: {share} is read", { name: visible(file.name), share: percent.format(share) });
		});
		const sha256 = base64Of(digest);
		progress.textContent = "";
		if (list.values.some(item => item.sha256 === sha256 && item.name === file.name))
			return announce(say("{name} is listed already.", { name: visible(file.name) }));
		list.add({ ...beginPart(list.field.fields), name: file.name, mediaType: file.type || "application/octet-stream", size: String(file.size), sha256 });
		announce(say("{name} is listed with its SHA-256.", { name: visible(file.name) }));
	} catch {
		progress.textContent = say("{name} cannot be read: choose it anew.", { name: visible(file.name) });
	}
	return undefined;
}

function filesOf(list) {
	const id = `${list.path}?files`, progress = el("p", { class: "progress", role: "status" });
	const input = el("input", { type: "file", id, multiple: true, change: async () => {
		for (const file of Array.from(input.files))
			await attach(list, file, progress);
		input.value = "";
	} });
	return el("div", { class: "choose" }, el("div", { class: "name" }, el("label", { for: id }, say("Choose files to list"))),
		el("p", { class: "help" }, say("A file is read here to find out its size and its SHA-256. It is not copied into the draft: it goes with it, by comityctl submit --attach FILE.")),
		input, progress);
}
