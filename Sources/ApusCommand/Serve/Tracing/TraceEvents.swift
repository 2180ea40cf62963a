#if Server
internal import ApusModelConfig
internal import ApusServing

/// A trace as a list of events, as Triton's files have them.
enum TraceEvents {
  /// Objects with a comma between them.
  static func json(_ record: TraceRecord) -> String {
    let times = record.times
    var events: [JSON] = [
      .object([
        "id": .integer(Int(record.id)), "model_name": .text(record.model),
        "model_version": .integer(record.version), "request_id": .text(record.requestID),
      ])
    ]
    let front = record.protocolName
    var stations: [(name: String, time: UInt64)] = [
      (front == "HTTP" ? "HTTP_RECV_START" : "GRPC_WAITREAD_START", times.arrival),
      (front == "HTTP" ? "HTTP_RECV_END" : "GRPC_WAITREAD_END", times.received),
      ("REQUEST_START", times.received),
    ]
    stations += times.stations
    stations += [
      ("REQUEST_END", record.end),
      ("\(front)_SEND_START", record.sendStart), ("\(front)_SEND_END", record.sendEnd),
    ]
    if record.settings.levels.contains(.timestamps) {
      events.append(
        .object([
          "id": .integer(Int(record.id)),
          "timestamps": .list(
            stations.filter { $0.1 > 0 }.map { name, time in
              .object(["name": .text(name), "ns": .integer(Int(clamping: time))])
            }),
        ]))
    }
    for input in record.inputs ?? [] {
      events.append(
        .object([
          "id": .integer(Int(record.id)), "activity": .text("TENSOR_QUEUE_INPUT"),
          "tensor": .object([
            "name": .text(input.name), "dtype": .text(input.tensor.dataType.name),
            "shape": .text(input.tensor.shape.map(String.init).joined(separator: ",")),
            "data": .text(TraceValues.text(input.tensor)),
          ]),
        ]))
    }
    return events.map(\.line).joined(separator: ",")
  }
}
#endif
