# Files as strings of a C file: awk -f embed.awk page.html page.css A.js B.js. All scripts are one string, in this order.
function name(file)
{
	return file ~ /\.html$/ ? "html" : file ~ /\.css$/ ? "style" : "script"
}
BEGIN {
	print "extern const char form_page_html[], form_page_style[], form_page_script[];"
}
FNR == 1 && name(FILENAME) != open {
	if (open != "")
		print ";"
	open = name(FILENAME)
	print "const char form_page_" open "[] ="
}
{
	gsub(/\\/, "\\\\\\\\")
	gsub(/"/, "\\\"")
	gsub(/\?\?/, "?\\?")
	gsub(/\t/, "\\t")
	print "\"" $0 "\\n\""
}
END {
	print ";"
}
