#include <stdlib.h>
#include <string.h>

#include "rig.h"

struct link_connection rig_connection(uint64_t session, bool dialled)
{
	return (struct link_connection){ .dialled = dialled,
					 .exporter = cy_sha256(cy_bytes(&session, sizeof session)),
					 .theirs = cy_sha256(cy_bytes("theirs", 6)),
					 .ours = cy_sha256(cy_bytes("ours", 4)) };
}

void rig_lane_up(struct node *node, enum wire_lane lane, const char *peer, uint64_t session,
		 const struct link_connection *on)
{
	if (lane == WIRE_BULK)
		node_bulk_up(node, peer, session, on);
	else
		node_link_up(node, peer, session, on);
}

void rig_lane_frame(struct node *node, enum wire_lane lane, uint64_t session, struct cy_bytes frame)
{
	uint8_t *copy;

	if (lane == WIRE_MESSAGES) {
		node_link_frame(node, session, frame);
		return;
	}
	copy = malloc(frame.len + 1);
	CY_ASSERT(copy != NULL);
	if (frame.len > 0)
		memcpy(copy, frame.data, frame.len);
	node_bulk_frame(node, session,
			(struct blob_bytes){ .data = copy, .len = frame.len, .release = free, .owner = copy });
}

void rig_lane_down(struct node *node, enum wire_lane lane, uint64_t session, const char *why)
{
	if (lane == WIRE_BULK)
		node_bulk_down(node, session, why);
	else
		node_link_down(node, session, why);
}
