"""What a peer signs as the time when it was made, by two clocks that differ: it is taken, and people are told."""
from harness import *

DAY = 86400


def told(daemon, event, message):
    """The text of this event, as it comes."""
    client = Client(daemon)
    client.call(subscribe=local_pb2.Subscribe(cursor=f"made-{event}"))
    while True:
        frame = client.receive()
        if frame.HasField("event") and local_pb2.EventType.Name(frame.event.type) == event \
                and frame.event.message_id == message:
            client.close()
            return frame.event.text


@test
def a_parcel_from_two_days_ago_and_a_receipt_from_in_two_days_are_taken_and_told():
    us, ie = pair()
    shim = Shim(ie)
    shim.set(offset=2 * DAY + 3600)
    try:
        ie.start(shim.env())
        us.start()
        client = Client(us)
        message = client.call(submit=local_pb2.Submit(idempotency_key="made", submission=submission())).submitted.message_id
        parcel, receipt = told(ie, "MESSAGE_RECEIVED", message), told(us, "RELAY_ACCEPTED", message)
        assert parcel.endswith("2 days before it came here"), parcel
        assert receipt.endswith("2 days ahead of the clock here"), receipt
        until("the line", lambda: "warning: peer US-OIA: parcel" in ie.log() and parcel in ie.log())
        until("the alarm", lambda: "ALARM: peer IE: the receipt for our parcel" in us.log() and receipt in us.log())
    finally:
        us.stop()
        ie.stop()


finish()
