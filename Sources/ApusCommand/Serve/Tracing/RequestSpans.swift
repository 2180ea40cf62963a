#if Server
internal import ApusServing
internal import CApusPlatform
internal import Tracing

/// Spans of a request that is over: the whole of it, and in it the computation.
enum RequestSpans {
  static func record(_ record: TraceRecord, with tracer: some Tracer) {
    // Spans count from 1970, requests from the start of the machine.
    let offset = apus_clock_wall() &- apus_clock_monotonic()
    func at(_ time: UInt64) -> DefaultTracerClock.Timestamp {
      DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: time &+ offset)
    }
    var context = InstrumentationContext.topLevel
    context.span = record.traceParent.flatMap(SpanPlace.init(traceParent:))
    let times = record.times
    let whole = tracer.startSpan(
      "InferRequest", context: context, ofKind: .server, at: at(times.arrival))
    whole.attributes = SpanAttributes([
      "triton.model_name": .string(record.model),
      "triton.model_version": .int(Int64(record.version)),
      "triton.request_id": .string(record.requestID),
    ])
    for (name, time) in times.stations where time > 0 {
      whole.addEvent(SpanEvent(name: name, at: at(time)))
    }
    if times.computeEnd > 0 {
      let compute = tracer.startSpan(
        "compute", context: whole.context, ofKind: .internal, at: at(times.computeStart))
      compute.attributes["triton.model_name"] = record.model
      compute.end(at: at(times.computeEnd))
    }
    whole.end(at: at(record.end))
  }
}
#endif
