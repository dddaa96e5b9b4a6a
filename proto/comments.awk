# Makes a C table of the comments of the schema: what a form shows as help where it has no better words.
# awk -f proto/comments.awk FILE.proto... >comments.c
#
# The comment of a message, an enum, a field or a value is what stands behind it in its line and goes on in lines of
# comments below that stand as far to the right; else the lines of comments directly above it.

function quoted(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\"" text "\""
}

function plain(text) {
	gsub(/[ \t]+/, " ", text)
	return text
}

function joined(a, b) {
	return a == "" || b == "" ? a b : a " " b
}

# Told when what it is about has ended.
function put() {
	if (name != "" && text != "")
		print "\t{ " quoted(name) ", " quoted(plain(text)) " },"
	name = text = ""
}

FNR == 1 {
	put()
	depth = 0
	above = ""
}

{
	line = $0
	comment = ""
	at = match(line, /\/\//)
	if (at) {
		comment = substr(line, at + 2)
		sub(/^ /, "", comment)
		sub(/[ \t]+$/, "", comment)
		line = substr(line, 1, at - 1)
	}
	sub(/[ \t]+$/, "", line)
	first = match(line, /[^ \t]/)
}

!first && at {
	# A comment on its own line: of what stands above if that had one and it begins far to the right.
	if (name != "" && text != "" && behind && at > 8)
		text = joined(text, comment)
	else {
		put()
		above = joined(above, comment)
	}
	next
}

!first {
	put()
	above = ""
	next
}

{
	put()
	words = line
	gsub(/^[ \t]+/, "", words)
	n = split(words, w, /[ \t=;{(]+/)
	behind = comment != ""
	if (w[1] == "message" || w[1] == "enum" || w[1] == "oneof") {
		name = w[1] == "oneof" ? "" : w[2]
		if (w[1] != "oneof")
			scope = w[2]
		text = behind ? comment : above
		depth++
	} else if (words ~ /^}/) {
		depth--
	} else if (depth > 0 && words ~ /= *[0-9]+/) {
		name = scope "." (w[1] == "repeated" || w[1] == "optional" ? w[3] : words ~ /^[A-Z_0-9]+ *=/ ? w[1] : w[2])
		text = behind ? comment : above
	}
	above = ""
}

BEGIN {
	print "/* Made by proto/comments.awk. */"
	print "#include \"base/comment.h\"\n"
	print "const struct cy_comment cy_comments[] = {"
}

END {
	put()
	print "};"
	print "const size_t cy_comments_n = sizeof cy_comments / sizeof cy_comments[0];"
}
