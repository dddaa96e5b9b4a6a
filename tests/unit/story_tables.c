/* The stories, a table for each instrument: who says what, and when. What follows from it for the time limits the two
 * nodes say (story_test.c). */
#include "story.h"

/* A measure of a request. */
#define M(N, TYPE, MORE)                                                                                    \
	"{'measure':" #N ",'type':'" #TYPE                                                                  \
	"','description':'As stated','targets':[{'type':'email','value':'a@example.com'}],'nexus':'Known'," \
	"'necessity':'No other source'" MORE "}"
#define BY(DATE)     ",'wantedByDate':'" DATE "'"
#define HEARING      ",'hearing':{'mode':'VIDEO'}"
#define URGENT(DATE) "'urgency':{'reason':'TRIAL_DATE','untilDate':'" DATE "','text':'The trial is fixed.'},"

/* What is said. L: measures. */
#define ACK         "{'acknowledgement':{'by':'CENTRAL_AUTHORITY','reference':'R 1'}}"
#define EXECUTING   "{'acknowledgement':{'by':'EXECUTING_AUTHORITY','reference':'E 1'}}"
#define ASK(L)      "{'problemNotice':{'type':'CLARIFICATION','measures':[" L "],'questions':['Which?'],'text':'t'}}"
#define ANSWER      "{'supplement':{'notice':@,'text':'This one.'}}"
#define DECIDE(L)   "{'decision':{'measures':[" L "]}}"
#define POSTPONE(L) "{'postponement':{'measures':[" L "],'ground':'An investigation here','article':'15'}}"
#define RESUME(L)   "{'resumption':{'measures':[" L "]}}"
#define EXTEND(L, DATE, MORE) \
	"{'extension':{'measures':[" L "],'reason':'The judge is ill','estimateDate':'" DATE "','article':'1'" MORE "}}"
#define CLOCK(NAME) ",'clock':'" NAME "'"
#define DONE(N)     "{'result':{'results':[{'measure':" #N ",'outcome':'EXECUTED'}]}}"
#define CLOSE       "{'closure':{'text':'t'}}"

#define US                                     \
	{                                      \
		"US", "America/New_York", "US" \
	}
#define IE                                  \
	{                                   \
		"IE", "Europe/Dublin", "IE" \
	}
#define DE                                  \
	{                                   \
		"DE", "Europe/Berlin", "DE" \
	}
#define FR                                 \
	{                                  \
		"FR", "Europe/Paris", "FR" \
	}
#define GB                                  \
	{                                   \
		"GB", "Europe/London", "GB" \
	}
#define IT                                \
	{                                 \
		"IT", "Europe/Rome", "IT" \
	}
#define IN                                 \
	{                                  \
		"IN", "Asia/Kolkata", "IN" \
	}
#define BR                                      \
	{                                       \
		"BR", "America/Sao_Paulo", "BR" \
	}

/* Two measures by dates that were asked for, and a trial: one is done in time, the other is not, and with it the
 * trial's date. `TYPE` and `MORE` are of both. */
#define DATES(TYPE, MORE)                                                                                        \
	{                                                                                                        \
		{ "2026-11-25", false,                                                                           \
		  "for measure 1 by 18 December and measure 2 by 29 January, before the trial of 5 February",    \
		  M(1, TYPE, MORE BY("2026-12-18")) "," M(2, TYPE, MORE BY("2027-01-29")) },                     \
			{ "2026-11-27", true, "registers the request", ACK },                                    \
			{ "2026-12-17", true, "carries out measure 1", DONE(1) },                                \
			{ "2027-01-25", true,                                                                    \
			  "says that measure 2 needs until 12 February, which moves no date that was asked for", \
			  EXTEND("2", "2027-02-12", "") },                                                       \
			{ "2027-02-08", true, "has not carried out measure 2", NULL },                           \
			{ "2027-02-10", true, "carries out measure 2", DONE(2) },                                \
			{ "2027-02-15", true, "closes the case", CLOSE },                                        \
	}

const struct story stories[] = {
	{ "budapest-185",
	  { "US", "FR" },
	  { US, FR },
	  "",
	  { { "2026-11-25", false, "to preserve two accounts (measures 1 and 2)",
	      M(1, PRESERVATION, "") "," M(2, PRESERVATION, "") },
	    { "2026-11-26", true, "registers the request", ACK },
	    { "2026-11-27", true, "has preserved the first account", DONE(1) },
	    { "2026-12-01", true, "has preserved the second account", DONE(2) },
	    { "2027-01-20", true, "renews its own order about the first account until 31 March",
	      EXTEND("1", "2027-03-31", CLOCK("domestic-order")) },
	    { "2027-01-27", true, "has heard nothing more of the first account", NULL },
	    { "2027-01-28", false, "asks for the content of both, by a request of its own that names this case",
	      M(1, DISCLOSURE_CONTENT, "") },
	    { "2027-02-15", true, "closes the case", CLOSE } } },
	{ "cets-224",
	  { "US", "FR" },
	  { US, FR },
	  "",
	  { { "2026-11-25", false, "for a subscriber (measure 1) and for traffic data (measure 2)",
	      M(1, DISCLOSURE_SUBSCRIBER, "") "," M(2, DISCLOSURE_TRAFFIC, "") },
	    { "2026-11-26", true, "registers the request", ACK },
	    { "2026-12-01", true, "asks which account is meant", ASK("1,2") },
	    { "2026-12-08", false, "answers", ANSWER },
	    { "2027-01-13", true, "serves the order on the provider", DECIDE("1,2") },
	    { "2027-02-04", true, "has no answer of the provider about the subscriber", NULL },
	    { "2027-02-05", true, "hands over the subscriber", DONE(1) },
	    { "2027-02-16", true, "hands over the traffic data", DONE(2) },
	    { "2027-02-17", true, "closes the case", CLOSE } } },
	{ "e-evidence-2023-1543",
	  { "FR", "DE" },
	  { FR, DE },
	  "",
	  { { "2026-11-25", false, "for a subscriber (measure 1), and to preserve a mailbox (measure 2)",
	      M(1, DISCLOSURE_SUBSCRIBER, "") "," M(2, PRESERVATION, "") },
	    { "2026-11-26", true, "registers the order", ACK },
	    { "2026-11-30", true, "asks which account is meant", ASK("1") },
	    { "2026-12-03", false, "answers", ANSWER },
	    { "2026-12-10", true, "has not produced the data", NULL },
	    { "2026-12-11", true, "produces the data", DONE(1) },
	    { "2026-12-14", true, "says that the mailbox is preserved", DONE(2) },
	    { "2027-01-18", true, "prolongs the preservation until 22 February",
	      EXTEND("2", "2027-02-22", CLOCK("preserve")) },
	    { "2027-02-15", false, "orders the content to be produced, by an order of its own that names this case",
	      M(1, DISCLOSURE_CONTENT, "") },
	    { "2027-02-17", true, "closes the case", CLOSE } } },
	{ "e-evidence-2023-1543-enforcement",
	  { "FR", "DE" },
	  { FR, DE },
	  "",
	  { { "2026-11-25", false, "to enforce two orders (measures 1 and 2)",
	      M(1, DISCLOSURE_TRAFFIC, "") "," M(2, DISCLOSURE_SUBSCRIBER, "") },
	    { "2026-11-26", true, "registers them", ACK },
	    { "2026-11-27", true, "asks what the grounds are", ASK("1,2") },
	    { "2026-12-01", true, "recognises the first order", DECIDE("1") },
	    { "2026-12-03", false, "answers", ANSWER },
	    { "2026-12-04", true, "has not recognised the second", NULL },
	    { "2026-12-07", true, "recognises the second", DECIDE("2") },
	    { "2026-12-21", true, "has the data of the first", DONE(1) },
	    { "2026-12-22", true, "has the data of the second", DONE(2) },
	    { "2026-12-23", true, "closes the case", CLOSE } } },
	{ "ece-1957",
	  { "DE", "IT" },
	  { DE, IT },
	  "",
	  { { "2026-11-25", false, "to arrest a person provisionally", M(1, PROVISIONAL_ARREST, "") },
	    { "2026-11-26", true, "registers the request", ACK },
	    { "2026-11-30", true, "has arrested the person", DONE(1) },
	    { "2026-12-21", false, "has not sent the full papers", NULL },
	    { "2026-12-22", false, "asks for the extradition with the full papers, in a request that names this case",
	      M(1, EXTRADITION, "") },
	    { "2027-01-11", true, "closes the case", CLOSE } } },
	{ "eio-2014-41",
	  { "DE", "FR" },
	  { DE, FR },
	  "",
	  { { "2026-11-25", false, "for a search (measure 1) and the hearing of a witness (measure 2)",
	      M(1, SEARCH_AND_SEIZURE, "") "," M(2, HEARING_WITNESS, HEARING) },
	    { "2026-11-26", true, "registers the order", ACK },
	    { "2026-11-27", true, "has it at the executing authority", EXECUTING },
	    { "2026-12-14", true, "needs until 15 January to decide on the search", EXTEND("1", "2027-01-15", "") },
	    { "2026-12-17", true, "recognises the hearing", DECIDE("2") },
	    { "2027-01-12", true, "recognises the search", DECIDE("1") },
	    { "2027-02-01", true, "postpones the hearing", POSTPONE("2") },
	    { "2027-03-01", true, "takes the hearing up again", RESUME("2") },
	    { "2027-04-09", true, "has heard the witness", DONE(2) },
	    { "2027-04-20", true, "has not searched", NULL },
	    { "2027-04-22", true, "says that the search needs until 7 May", EXTEND("1", "2027-05-07", "") },
	    { "2027-04-30", true, "has searched", DONE(1) },
	    { "2027-05-03", true, "closes the case", CLOSE } } },
	{ "eu-mla-2000", { "FR", "DE" }, { FR, DE }, URGENT("2027-02-05"), DATES(HEARING_WITNESS, HEARING) },
	{ "eu-uk-tca",
	  { "FR", "GB" },
	  { FR, GB },
	  "",
	  { { "2026-11-25", false, "for a search (measure 1) and the hearing of a witness (measure 2)",
	      M(1, SEARCH_AND_SEIZURE, "") "," M(2, HEARING_WITNESS, HEARING) },
	    { "2026-11-26", true, "registers the request", ACK },
	    { "2026-12-21", true, "decides on the hearing", DECIDE("2") },
	    { "2027-01-05", true, "needs until 22 January to decide on the search", EXTEND("1", "2027-01-22", "") },
	    { "2027-01-20", true, "decides on the search", DECIDE("1") },
	    { "2027-02-01", true, "postpones the hearing", POSTPONE("2") },
	    { "2027-03-01", true, "takes the hearing up again", RESUME("2") },
	    { "2027-04-09", true, "has heard the witness", DONE(2) },
	    { "2027-04-23", true, "has not searched", NULL },
	    { "2027-04-26", true, "has searched", DONE(1) },
	    { "2027-04-27", true, "closes the case", CLOSE } } },
	{ "eu-us-2003", { "DE", "US" }, { DE, US }, URGENT("2027-02-05"), DATES(PRODUCTION_BANK_ACCOUNTS, "") },
	{ "harare", { "GB", "IN" }, { GB, IN }, URGENT("2027-02-05"), DATES(HEARING_WITNESS, HEARING) },
	{ "reg-2018-1805",
	  { "FR", "DE" },
	  { FR, DE },
	  URGENT("2026-11-30"),
	  { { "2026-11-25", false,
	      "to freeze two accounts (measures 1 and 2), urgently, and for a confiscation (measure 3)",
	      M(1, FREEZING, "") "," M(2, FREEZING, "") "," M(3, CONFISCATION, "") },
	    { "2026-11-26", true, "registers the order", ACK },
	    { "2026-11-26", true, "recognises the freezing of the first account", DECIDE("1") },
	    { "2026-11-27", true, "has frozen the first account", DONE(1) },
	    { "2026-11-30", true, "has not decided on the second account", NULL },
	    { "2026-11-30", true, "recognises the freezing of the second account", DECIDE("2") },
	    { "2026-12-01", true, "has frozen the second account", DONE(2) },
	    { "2027-01-04", true, "recognises the confiscation", DECIDE("3") },
	    { "2027-03-01", true, "has confiscated", DONE(3) },
	    { "2027-03-02", true, "closes the case", CLOSE } } },
	{ "un-cybercrime-2024",
	  { "US", "BR" },
	  { US, BR },
	  "",
	  { { "2026-11-25", false, "to preserve two accounts (measures 1 and 2)",
	      M(1, PRESERVATION, "") "," M(2, PRESERVATION, "") },
	    { "2026-11-26", true, "registers the request", ACK },
	    { "2026-11-27", true, "has preserved the first account", DONE(1) },
	    { "2026-12-01", true, "has preserved the second account", DONE(2) },
	    { "2027-01-27", true, "has heard nothing more of the first account", NULL },
	    { "2027-01-28", false, "asks for the content of both, by a request of its own that names this case",
	      M(1, DISCLOSURE_CONTENT, "") },
	    { "2027-02-15", true, "closes the case", CLOSE } } },
	{ "uncac", { "GB", "BR" }, { GB, BR }, URGENT("2027-02-05"), DATES(HEARING_WITNESS, HEARING) },
	{ "untoc", { "US", "BR" }, { US, BR }, URGENT("2027-02-05"), DATES(HEARING_WITNESS, HEARING) },
	{ "us-bilateral-model", { "US", "IN" }, { US, IN }, URGENT("2027-02-05"), DATES(HEARING_WITNESS, HEARING) },
	{ "us-extradition-model",
	  { "US", "BR" },
	  { US, BR },
	  "",
	  { { "2026-11-25", false, "to arrest a person provisionally", M(1, PROVISIONAL_ARREST, "") },
	    { "2026-11-26", true, "registers the request", ACK },
	    { "2026-11-30", true, "has arrested the person", DONE(1) },
	    { "2027-02-01", false, "has not sent the full papers", NULL },
	    { "2027-02-02", true, "has released the person, and closes the case", CLOSE } } },
	{ "us-ie-2001", { "IE", "US" }, { IE, US }, URGENT("2027-02-05"), DATES(HEARING_WITNESS, HEARING) },
};

const size_t stories_n = sizeof stories / sizeof stories[0];
