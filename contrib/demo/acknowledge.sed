# The request of the demo with the word that its two states understand differently acknowledged by name.
s/^      "purpose": \{/      "atomWarnings": [{ "atom": "login_ip_log", "acknowledgedBy": "Desk officer" }],\n&/
