#if Server
internal import ApusServing
internal import ApusTensor

extension InferMessage {
  /// Limits what a message can make the server allocate beyond its own size.
  private static let rankLimit = 256
  private static let parameterLimit = 1024
  /// The number of `raw_input_contents`.
  static let rawField = 7

  /// Reads a message without copying its tensors.
  init(_ storage: Storage, arrival: UInt64) throws(ServingError) {
    self.storage = storage
    self.arrival = arrival
    var cursor = unsafe WireCursor(storage.bytes, 0..<storage.byteCount)
    var start = 0
    var isInOrder = true
    while let tag = try cursor.tag() {
      if tag.field != Self.rawField, !raw.isEmpty { isInOrder = false }
      switch tag.field {
      case 1: model = try cursor.text(tag)
      case 2: version = try cursor.text(tag)
      case 3: id = try cursor.text(tag)
      case 4: try Self.parameter(cursor.within(try cursor.content(tag)), into: &parameters)
      case 5: inputs.append(try Self.input(cursor.within(try cursor.content(tag))))
      case 6: outputs.append(try Self.output(cursor.within(try cursor.content(tag))))
      case Self.rawField:
        if raw.isEmpty { prefixLength = start }
        raw.append(try cursor.content(tag))
      default: try cursor.skip(tag)
      }
      start = cursor.position
    }
    if !isInOrder { prefixLength = nil }
  }

  private static func input(_ cursor: WireCursor) throws(ServingError) -> Input {
    var cursor = cursor
    var input = Input()
    while let tag = try cursor.tag() {
      switch tag.field {
      case 1: input.name = try cursor.text(tag)
      case 2: input.datatype = try cursor.text(tag)
      case 3: try shape(tag, &cursor, into: &input.shape)
      case 4: try parameter(cursor.within(try cursor.content(tag)), into: &input.parameters)
      case 5: input.contents = try cursor.content(tag)
      default: try cursor.skip(tag)
      }
    }
    return input
  }

  private static func output(_ cursor: WireCursor) throws(ServingError) -> Output {
    var cursor = cursor
    var output = Output()
    while let tag = try cursor.tag() {
      switch tag.field {
      case 1: output.name = try cursor.text(tag)
      case 2: try parameter(cursor.within(try cursor.content(tag)), into: &output.parameters)
      default: try cursor.skip(tag)
      }
    }
    return output
  }

  private static func shape(
    _ tag: WireCursor.Tag, _ cursor: inout WireCursor, into shape: inout [Int]
  ) throws(ServingError) {
    if tag.type == 0 {
      shape.append(Int(Int64(bitPattern: try cursor.varint())))
    } else {
      var packed = cursor.within(try cursor.content(tag))
      while !packed.isAtEnd, shape.count <= rankLimit {
        shape.append(Int(Int64(bitPattern: try packed.varint())))
      }
    }
    guard shape.count <= rankLimit else {
      throw ServingError(
        .invalidArgument, "a shape has more than \(rankLimit) dimensions")
    }
  }

  private static func parameter(
    _ cursor: WireCursor, into parameters: inout WireParameters
  ) throws(ServingError) {
    var cursor = cursor
    var name = ""
    var value: ParameterValue?
    while let tag = try cursor.tag() {
      switch tag.field {
      case 1: name = try cursor.text(tag)
      case 2: value = try self.value(cursor.within(try cursor.content(tag)))
      default: try cursor.skip(tag)
      }
    }
    parameters.set(name, value)
    guard parameters.values.count <= parameterLimit else {
      throw ServingError(.invalidArgument, "more than \(parameterLimit) parameters")
    }
  }

  private static func value(_ cursor: WireCursor) throws(ServingError) -> ParameterValue? {
    var cursor = cursor
    var value: ParameterValue?
    while let tag = try cursor.tag() {
      switch (tag.field, tag.type) {
      case (1, 0): value = .bool(try cursor.varint() != 0)
      case (2, 0): value = .integer(Int64(bitPattern: try cursor.varint()))
      case (3, 2): value = .text(try cursor.text(tag))
      case (4, 1): value = .double(Double(bitPattern: try cursor.fixed64()))
      case (5, 0): value = .unsigned(try cursor.varint())
      default: try cursor.skip(tag)
      }
    }
    return value
  }
}
#endif
