#include "comityctl/template_text.h"

#define SUBJECT "SUSPECT"
#define DATA    (TEMPLATE_TARGETS | TEMPLATE_ATOMS)

/* X(type, role, blocks, what the description says) */
#define MEASURES(X)                                                                                                  \
	X(SERVICE_OF_DOCUMENTS, SUBJECT, 0, "Which documents, served on whom, in which form, by when.")              \
	X(HEARING_WITNESS, "WITNESS", TEMPLATE_HEARING, "Who is to be heard about what, and which rights to state.") \
	X(HEARING_EXPERT, "EXPERT", TEMPLATE_HEARING, "Which expert is to be heard about what.")                     \
	X(HEARING_SUSPECT, SUBJECT, TEMPLATE_HEARING, "Who is to be heard about what, and which rights to state.")   \
	X(SEARCH_AND_SEIZURE, SUBJECT, TEMPLATE_TARGETS, "Which premises, which objects, and why they are there.")   \
	X(PRODUCTION_BANK_ACCOUNTS, "ACCOUNT_HOLDER", 0, "Whose accounts, at which banks as far as known.")          \
	X(PRODUCTION_BANK_TRANSACTIONS, "ACCOUNT_HOLDER", TEMPLATE_BANK | TEMPLATE_PERIOD,                           \
	  "Which transactions, and which papers of the accounts.")                                                   \
	X(PRODUCTION_BUSINESS_RECORDS, "THIRD_PARTY", TEMPLATE_TARGETS | TEMPLATE_PERIOD, "Which records of whom.")  \
	X(PRODUCTION_OFFICIAL_RECORDS, SUBJECT, 0, "Which records of which public authority.")                       \
	X(BANK_MONITORING, "ACCOUNT_HOLDER", TEMPLATE_BANK | TEMPLATE_PERIOD, "Which accounts, and what to report.") \
	X(PRESERVATION, SUBJECT, DATA | TEMPLATE_PERIOD, "Which stored data are to be preserved, and until what.")   \
	X(PARTIAL_TRAFFIC_DISCLOSURE, SUBJECT, DATA | TEMPLATE_PERIOD,                                               \
	  "Which traffic data, enough to find the path of the communication.")                                       \
	X(DISCLOSURE_SUBSCRIBER, SUBJECT, DATA, "Whose subscriber information, at which provider.")                  \
	X(DISCLOSURE_TRAFFIC, SUBJECT, DATA | TEMPLATE_PERIOD, "Which traffic data, at which provider.")             \
	X(DISCLOSURE_CONTENT, SUBJECT, DATA | TEMPLATE_PERIOD, "Which content, at which provider.")                  \
	X(REALTIME_TRAFFIC, SUBJECT, DATA | TEMPLATE_PERIOD, "Which traffic data are to be collected from when on.") \
	X(INTERCEPTION, SUBJECT, TEMPLATE_TARGETS | TEMPLATE_PERIOD, "Which lines, how long, how to hand over.")     \
	X(INTERCEPTION_NOTIFICATION, SUBJECT, 0, "Which line is intercepted without help of the other state.")       \
	X(FREEZING, SUBJECT, TEMPLATE_TARGETS, "Which property, of which value, under which order.")                 \
	X(CONFISCATION, "CONVICTED", TEMPLATE_TARGETS, "Which property, of which value, under which judgment.")      \
	X(ASSET_TRACING, SUBJECT, 0, "Whose proceeds are to be found, and what is known of their path.")             \
	X(ASSET_RETURN, SUBJECT, TEMPLATE_TARGETS, "Which assets are to be returned to whom.")                       \
	X(LOCATE_IDENTIFY, SUBJECT, 0, "Who or what is to be found, and what is known.")                             \
	X(TRANSFER_IN_CUSTODY, "WITNESS", TEMPLATE_CUSTODY, "Who is needed where, for what, how long.")              \
	X(APPEARANCE_OF_PERSON, "WITNESS", 0, "Who is asked to appear where, for what; costs and safe conduct.")     \
	X(CONTROLLED_DELIVERY, SUBJECT, TEMPLATE_TARGETS, "Which consignment, its route, who watches it.")           \
	X(COVERT_INVESTIGATION, SUBJECT, 0, "Which operation, how long, under whose direction.")                     \
	X(EXPERT_EXAMINATION, SUBJECT, TEMPLATE_TARGETS, "What is to be examined, with which question.")             \
	X(JOINT_INVESTIGATION_TEAM, SUBJECT, 0, "Purpose, members and time of the team.")                            \
	X(TRANSFER_OF_PROCEEDINGS, SUBJECT, 0, "Which proceeding is to be taken over, and why there.")               \
	X(EXTRADITION, SUBJECT, 0, "Whose extradition, on which warrant or judgment.")                               \
	X(PROVISIONAL_ARREST, SUBJECT, 0, "Whose arrest, on which warrant; that extradition will be asked for.")

const struct template_measure template_measures[] = {
#define MEASURE(name, role, blocks, ask) { CY_MEASURE_TYPE__##name, role, (blocks), ask },
	MEASURES(MEASURE)
#undef MEASURE
};
const size_t template_measures_n = sizeof template_measures / sizeof template_measures[0];

const char template_head[] = "// {{type}}: a submission for 'comityctl submit'. Replace every FILL IN. Lines that\n"
			     "// begin with // are comments; remove the // of a part to use it. Check it with\n"
			     "// 'comityctl check FILE'. Dates are written YYYY-MM-DD, instants\n"
			     "// 2026-11-23T10:00:00Z, or with the offset of a time zone: 2026-11-23T11:00:00+01:00.\n"
			     "{\n"
			     "  // Authority id of the addressee, as in the configuration of the daemon.\n"
			     "  \"to\": \"FILL IN\",\n"
			     "  // Own file reference; answers and lists name it.\n"
			     "  \"ownReference\": \"FILL IN\",\n"
			     "  // How urgent delivery is. One of: {{enum Priority}}.\n"
			     "  \"priority\": \"NORMAL\",\n"
			     "  \"content\": {\n";

const char template_request[] =
	"    \"request\": {\n"
	"      // One line for lists, at most 200 bytes; without names of persons it may be shown more widely.\n"
	"      \"title\": \"FILL IN\",\n"
	"      // The state that asks and the state that is asked: ISO 3166-1, two capital letters.\n"
	"      \"requestingState\": \"FILL IN\",\n"
	"      \"requestedState\": \"FILL IN\",\n"
	"      // Language of this request: ISO 639-1, two small letters.\n"
	"      \"language\": \"en\",\n"
	"      // What it is based on. Without an instrument: {\"reciprocity\": true, \"assurance\": \"...\"}.\n"
	"      \"legalBasis\": {\n"
	"        // Id of the instrument's profile, such as us-ie-2001, and the version of the profile.\n"
	"        \"instrument\": \"FILL IN\",\n"
	"        \"version\": \"FILL IN\",\n"
	"        // The articles relied on, each in quotes.\n"
	"        \"articles\": [\"FILL IN\"]\n"
	"      },\n"
	"      // Relation to other requests. One of: {{enum LinkType}}.\n"
	"      // A follow-up also has \"caseId\" or \"reference\" of what it follows. Where that went this way,\n"
	"      // give its \"caseId\": only so it meets the time limits there (data preserved, papers to be sent).\n"
	"      \"links\": [{\"type\": \"NEW\"}],\n"
	"      \"authorities\": {\n"
	"        // Who asks. Further fields: role, officer, address, email, hours, timeZone, languages.\n"
	"        \"requesting\": {\"name\": \"FILL IN\", \"telephone\": \"\", \"email\": \"\"},\n"
	"        // Judge or court that validated the request, where that is needed.\n"
	"        // \"validating\": {\"name\": \"FILL IN\"},\n"
	"        // Who conducts the proceeding; where nobody prosecutes yet, use \"investigating\" instead.\n"
	"        \"prosecuting\": {\"name\": \"FILL IN\"}\n"
	"      },\n"
	"      // Why it is urgent, if it is. One of: {{enum UrgencyReason}}.\n"
	"      // \"urgency\": {\"reason\": \"EVIDENCE_LOSS\", \"untilDate\": \"FILL IN\", \"text\": \"FILL IN\"},\n"
	"      \"proceeding\": {\n"
	"        // One of: {{enum ProceedingType}}.\n"
	"        \"type\": \"CRIMINAL\",\n"
	"        // One of: {{enum ProceedingStage}}.\n"
	"        \"stage\": \"INVESTIGATION\",\n"
	"        // File number at the court or prosecutor; may stay empty.\n"
	"        \"reference\": \"\",\n"
	"        // What it is about, in a sentence.\n"
	"        \"subject\": \"FILL IN\"\n"
	"      },\n";

const char template_facts[] = "      // The facts: who did what, when and where.\n"
			      "      \"facts\": \"FILL IN\",\n";

const char template_facts_optional[] = "      // The facts; for the service of documents they may be left out.\n"
				       "      // \"facts\": \"FILL IN\",\n";

const char template_persons[] =
	"      // Each offence: its name, citation and text of the provision, and the maximum penalty.\n"
	"      \"offences\": [{\n"
	"        \"name\": \"FILL IN\",\n"
	"        \"statute\": \"FILL IN\",\n"
	"        \"statuteText\": \"FILL IN\",\n"
	"        // Why it is an offence there as well; may be left out.\n"
	"        // \"dualCriminalityNote\": \"FILL IN\",\n"
	"        // First and last day on which it was committed; may be left out.\n"
	"        // \"committedFromDate\": \"FILL IN\", \"committedToDate\": \"FILL IN\",\n"
	"        \"maximumPenalty\": \"FILL IN\"\n"
	"      }],\n"
	"      // Persons concerned. Where none can be named, put instead: \"noPersonReason\": \"why\".\n"
	"      \"persons\": [{\n"
	"        // One of: {{enum PersonRole}}.\n"
	"        \"role\": \"{{role}}\",\n"
	"        // May be left out: \"legalPerson\": true for a company.\n"
	"        // \"givenNames\": \"FILL IN\", \"birthDate\": \"FILL IN\", \"nationality\": \"FILL IN\", "
	"\"address\": \"FILL IN\",\n"
	"        // Identifiers: passport, account, telephone, company number.\n"
	"        // \"identifiers\": [{\"type\": \"FILL IN\", \"value\": \"FILL IN\", \"issuer\": \"FILL IN\"}],\n"
	"        // Family name or name of the company; \"unknown\" is a name too.\n"
	"        \"name\": \"FILL IN\"\n"
	"      }],\n";

const char template_measure_head[] =
	"      // 1 to 64 measures, numbered 1, 2, 3 ...; each has its own outcome.\n"
	"      \"measures\": [{\n"
	"        \"measure\": 1,\n"
	"        \"type\": \"{{type}}\",\n"
	"        // Code of the EJN Fiches Belges, such as A.31; may be left out.\n"
	"        // \"fichesBelges\": \"FILL IN\",\n"
	"        // Procedure to be followed, link to the offence, necessity, date wanted: where the instrument asks.\n"
	"        // \"procedure\": \"FILL IN\", \"nexus\": \"FILL IN\", \"necessity\": \"FILL IN\", \"wantedByDate\": "
	"\"FILL IN\",\n";

static const char targets[] =
	"        // What it is aimed at: accounts, lines, devices, premises, objects. Type such as email, ip, iban,\n"
	"        // imei, address; the provider or issuing state as \"issuer\".\n"
	"        \"targets\": [{\"type\": \"FILL IN\", \"value\": \"FILL IN\", \"issuer\": \"\"}],\n";
static const char period[] =
	"        // Period that the data or the measure cover, both days included; an open end is left out.\n"
	"        // \"period\": {\"fromDate\": \"FILL IN\", \"toDate\": \"FILL IN\"},\n";
static const char atoms[] =
	"        // Data atoms asked for, as the profile of the instrument names them, such as login_ip_log.\n"
	"        // \"atoms\": [\"FILL IN\"],\n"
	"        // Categories of these data, as the profile names them: some need an approval of their own.\n"
	"        // \"dataCategories\": [\"FILL IN\"],\n";
static const char bank[] = "        // Bank and branch, and the accounts (IBAN or number).\n"
			   "        \"bank\": {\"bank\": \"FILL IN\", \"accounts\": [\"FILL IN\"]},\n";
static const char hearing[] =
	"        // How the person is heard. One of: {{enum HearingMode}}.\n"
	"        // The questions to be put, each in quotes; \"technicalContact\" for the video link.\n"
	"        \"hearing\": {\"mode\": \"IN_PERSON\", \"questions\": [\"FILL IN\"]},\n";
static const char custody[] =
	"        // Where the person is held. May be added: \"returnByDate\"; \"consent\": true or false, once asked.\n"
	"        \"custody\": {\"place\": \"FILL IN\"},\n";

const char template_measure_tail[] = "        // What exactly is asked for. {{ask}}\n"
				     "        \"description\": \"FILL IN\"\n"
				     "      }],\n";

const char template_tail[] =
	"      // Formalities asked for; may be left out.\n"
	"      // \"formalities\": {\"certification\": \"FILL IN\", \"oath\": \"FILL IN\"},\n"
	"      \"purpose\": {\n"
	"        // How confidential it is. One of: {{enum Confidentiality}}.\n"
	"        \"confidentiality\": \"ORDINARY\",\n"
	"        // Limits of use accepted beforehand, and rules on personal data; may stay empty.\n"
	"        \"useLimits\": \"\",\n"
	"        \"dataProtection\": \"\",\n"
	"        // What the evidence is for.\n"
	"        \"purpose\": \"FILL IN\"\n"
	"      },\n"
	"      // Who has the data, and where they are stored. Confidence is one of: {{enum Confidence}}.\n"
	"      // \"dataLocation\": {\"custodian\": \"FILL IN\", \"locations\": [{\"state\": \"FILL IN\", "
	"\"confidence\": \"LIKELY\"}]},\n"
	"      // Documents by digest; 'comityctl submit --attach FILE' hands files over and adds them.\n"
	"      // \"attachments\": [{\"name\": \"FILL IN\", \"mediaType\": \"application/pdf\", \"size\": \"0\", "
	"\"sha256\": \"FILL IN\"}],\n"
	"      // Legal remedies, return of evidence, costs; may be left out.\n"
	"      // \"remedies\": \"FILL IN\", \"returnOfEvidence\": \"FILL IN\", \"costs\": \"FILL IN\",\n"
	"      // Reviews that were made: by whom, against which standard, what came of it.\n"
	"      // \"reviews\": [{\"by\": \"FILL IN\", \"standard\": \"FILL IN\", \"result\": \"FILL IN\"}],\n"
	"      // Atoms that mean different things to the two states, once that is understood: 'comityctl check' lists "
	"them.\n"
	"      // \"atomWarnings\": [{\"atom\": \"FILL IN\", \"acknowledgedBy\": \"FILL IN\"}],\n"
	"      // Who approved this request, and when: this is signed, so write the instant at which it was approved, "
	"such\n"
	"      // as 2026-11-23T10:00:00Z. An approval of sensitive data names their \"categories\": [\"...\"].\n"
	"      \"approvals\": [{\"name\": \"FILL IN\", \"office\": \"FILL IN\", \"role\": \"\", \"atMs\": \"\"}]\n"
	"    }\n"
	"  }\n"
	"}\n";

#define LEGAL_BASIS                                                                                            \
	"      // What it is based on: id and version of the instrument's profile, and the articles.\n"        \
	"      \"legalBasis\": {\"instrument\": \"FILL IN\", \"version\": \"FILL IN\", \"articles\": [\"FILL " \
	"IN\"]},\n"

#define PERSONS_OPTIONAL                                                     \
	"      // Persons concerned. Role is one of: {{enum PersonRole}}.\n" \
	"      // \"persons\": [{\"role\": \"SUSPECT\", \"name\": \"FILL IN\"}],\n"

const char template_notification[] =
	"    // A notification: nothing is asked for.\n"
	"    \"notification\": {\n"
	"      // One line for lists, at most 200 bytes.\n"
	"      \"title\": \"FILL IN\",\n" LEGAL_BASIS "      // Which measure is notified.\n"
	"      \"type\": \"{{type}}\",\n" PERSONS_OPTIONAL
	"      // What is notified. {{ask}} Begin, end, authority that ordered it.\n"
	"      \"text\": \"FILL IN\"\n"
	"    }\n"
	"  }\n"
	"}\n";

const char template_information[] =
	"    // Information given without being asked.\n"
	"    \"spontaneousInformation\": {\n"
	"      // One line for lists, at most 200 bytes.\n"
	"      \"title\": \"FILL IN\",\n" LEGAL_BASIS "      // Conditions of use; may be left out.\n"
	"      // \"conditions\": \"FILL IN\",\n" PERSONS_OPTIONAL "      // The information.\n"
	"      \"text\": \"FILL IN\"\n"
	"    }\n"
	"  }\n"
	"}\n";

const char *template_block_text(enum template_block block)
{
	switch (block) {
	case TEMPLATE_TARGETS:
		return targets;
	case TEMPLATE_PERIOD:
		return period;
	case TEMPLATE_ATOMS:
		return atoms;
	case TEMPLATE_BANK:
		return bank;
	case TEMPLATE_HEARING:
		return hearing;
	case TEMPLATE_CUSTODY:
		return custody;
	}
	return "";
}
