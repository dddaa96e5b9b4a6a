/* A form as JSON, for a page that shows it without this program. */
#ifndef CY_FORM_JSON_H
#define CY_FORM_JSON_H

#include <jansson.h>

#include "form/form.h"

/* Append it, in one line without `<`, so that it may stand within a page. Members that are empty, false or 0 are left
 * out; names are those of the structs of form/form.h in lowerCamelCase:
 *   {language, reviewed, unreviewed, kind (its name in Content), title, instrument: {id, version, title, citation,
 *    verified, note}, measures: [choice], sections: [{name, label, help, fields: [field]}], faults: [fault],
 *    atoms: [{atom, ours, theirs, acknowledgedBy}], empty, unknown}
 *   field: {path, name, key, label, element, help, example, control, list, most, need: optional | sometimes | mandatory
 * | ours, mandatoryFor: [name], why, where, is, when, instead, usual, preset, guides: [{text, measures: [name],
 * instrument, article, verified, note}], choices: [{value, label, help}], fields: [field], items: [{path, text, raw,
 * marked, fields}], empty, faults: [place in the form's faults]} Paths are those of the schema; in the JSON of a draft
 * each step has its `name`. CY_ELIMIT beyond the buffer's maximum. */
int form_json(const struct form *f, struct cy_buf *out);

/* The same for any other value. */
int form_json_print(const json_t *value, struct cy_buf *out);

#endif
