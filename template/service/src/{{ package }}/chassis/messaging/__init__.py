"""Messaging: an event's way from the transaction that emits it to the handlers, each just once.

Read in this order. The floor, which every room stands on and which imports none of them:

    tables          the rows that decide everything; Redis only carries copies of them
    events          what an event is                handlers    which function reacts to it
    envelope        how an event is written on the wire
    unit_of_work    one transaction: the change, and its events through the outbox
    outbox          where the row of an event is written
    inbox           the row that is the decision about a handler and an event
    failure         what is kept of an error
    redis           the connection to Redis, and the scripts in lua/

The way of an event, from the outbox to its handlers:

    publishing/     relay, then batch: outbox rows become entries of a stream
    consuming/      consumer, in_flight, dispatch, attempt: entries become calls of handlers
    dead_letters/   store: what was given up; queries and decisions: what becomes of it

Beside the way, running in the relay's process:

    publishing/     lost_writes: what Redis lost is published again
    upkeep/         janitor: streams, tables and groups stay small; audit proves that all is there
    observing/      status, sampling, health, metrics: what operators see of it

Rooms import the floor and, without a circle, one another. Nothing here knows an event by name.
"""
