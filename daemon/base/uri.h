/* URIs in texts for people. */
#ifndef CY_BASE_URI_H
#define CY_BASE_URI_H

/* Replace the query of each URI in the text by "?***", in place: that of a pkcs11: URI may
 * hold the PIN (RFC 7512, pin-value), and what a log or a terminal has shown is known to others.
 * A URI begins with a scheme and a colon (RFC 3986, 3.1) and has no blank in it. The quote, colon or
 * other mark of the sentence that follows it stays. The text never becomes longer: of a query that
 * was cut to fewer than three characters as many asterisks are left. */
void cy_uri_mask(char *text);

#endif
