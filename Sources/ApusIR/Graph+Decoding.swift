package import ApusTensor

extension Graph {
  /// Reads a graph that `encode` wrote, from bytes that may be damaged or hostile.
  ///
  /// Types are inferred anew and must not contradict the recorded ones. `weight` supplies the weights
  /// that are stored elsewhere; what it returns is checked against the reference. `custom` supplies
  /// the implementations of custom operators.
  package static func decode(
    from reader: inout ByteReader, custom: CustomOperators = CustomOperators(),
    weight: (WeightReference) throws(TensorError) -> HostTensor
  ) throws(GraphCodingError) -> Graph {
    var decoder = GraphDecoder(reader: reader, depth: Body.nestingLimit, custom: custom)
    let graph = try decoder.decode(weight)
    reader = decoder.reader
    return graph
  }

  /// Reads what `encodeWhole` wrote.
  static func decodeWhole(
    from reader: inout ByteReader, depth: Int, custom: CustomOperators
  ) throws(GraphCodingError) -> Graph {
    var decoder = GraphDecoder(reader: reader, depth: depth, custom: custom)
    let graph = try decoder.decode { reference throws(TensorError) in
      throw .malformed(
        format: "body", reason: "weight '\(reference.name)' is not inside it", offset: 0)
    }
    reader = decoder.reader
    return graph
  }
}

private struct GraphDecoder {
  var reader: ByteReader
  private var graph = Graph(name: "")
  private var values: [ValueID] = []
  private var operators: [(type: any Operator.Type, fields: [String])] = []

  /// How deep bodies may still nest.
  private let depth: Int
  private let custom: CustomOperators

  init(reader: ByteReader, depth: Int, custom: CustomOperators) {
    self.reader = reader
    self.depth = depth
    self.custom = custom
  }

  /// Reads with the graph's error type.
  private mutating func read<Value>(
    _ body: (inout ByteReader) throws(CodingError) -> Value
  ) throws(GraphCodingError) -> Value {
    do { return try body(&reader) } catch { throw .bytes(error) }
  }

  mutating func decode(
    _ weight: (WeightReference) throws(TensorError) -> HostTensor
  ) throws(GraphCodingError) -> Graph {
    let version = try read { r throws(CodingError) in try r.readUnsigned() }
    guard version == Graph.formatVersion else { throw .graphVersion(version) }
    graph.name = try readText("name")
    for _ in 0..<(try readCount("inputs", minimumBytes: 3)) {
      let name = try readText("input name")
      let type = try read { r throws(CodingError) in try r.readValueType() }
      values.append(graph.addInput(name, type))
    }
    for _ in 0..<(try readCount("weights", minimumBytes: 4)) { try decodeWeight(weight) }
    for _ in 0..<(try readCount("operators", minimumBytes: 3)) { try decodeOperator() }
    for _ in 0..<(try readCount("nodes", minimumBytes: 4)) { try decodeNode() }
    for _ in 0..<(try readCount("outputs", minimumBytes: 2)) {
      let name = try readText("output name")
      let count = values.count
      let index = try read { r throws(CodingError) in try r.readIndex("output", below: count) }
      graph.addOutput(name, values[index])
    }
    do { try graph.verify() } catch { throw .invalid(error) }
    return graph
  }

  private mutating func readText(_ what: String) throws(GraphCodingError) -> String {
    try read { r throws(CodingError) in try r.readText(what) }
  }

  private mutating func readCount(
    _ what: String, minimumBytes: Int
  ) throws(GraphCodingError) -> Int {
    try read { r throws(CodingError) in try r.readCount(what, minimumBytes: minimumBytes) }
  }

  private mutating func decodeWeight(
    _ resolve: (WeightReference) throws(TensorError) -> HostTensor
  ) throws(GraphCodingError) {
    let name = try readText("weight name")
    let element = try read { r throws(CodingError) in try r.readElement() }
    let shape = try read { r throws(CodingError) in try r.readFixedShape() }
    let start = reader.offset
    let tag = try read { r throws(CodingError) in try r.readByte() }
    let tensor: HostTensor
    do {
      switch WeightTag(rawValue: tag) {
      case .stored:
        let index = try read { r throws(CodingError) in try r.readIndex("weight", below: .max) }
        tensor = try resolve(
          WeightReference(index: index, name: name, element: element, shape: shape))
      case .packed:
        let bytes = try read { r throws(CodingError) in try r.readBytes("weight bytes") }
        tensor = try HostTensor(element, shape: shape, bytes: Array(bytes))
      case .splat:
        let bytes = try read { r throws(CodingError) in try r.readBytes("weight bytes") }
        let scalar = try HostTensor(element, shape: [], bytes: Array(bytes))
        tensor = try HostTensor(splat: scalar, shape: shape)
      case .texts:
        let count = Array.product(shape) ?? .max
        guard count <= reader.remaining else {
          throw GraphCodingError.bytes(
            .truncated(needed: count, available: reader.remaining, offset: start))
        }
        var texts: [String] = []
        for _ in 0..<count { texts.append(try readText("weight text")) }
        tensor = try HostTensor(texts: texts, shape: shape)
      case nil:
        throw GraphCodingError.bytes(.malformed("\(tag) is no kind of weight", offset: start))
      }
    } catch let error as GraphCodingError {
      throw error
    } catch let error as TensorError {
      throw .weight(name, error, offset: start)
    } catch {
      throw .bytes(.malformed("weight '\(name)'", offset: start))
    }
    guard tensor.element == element, tensor.shape == shape else {
      throw .weightType(
        name, expected: TensorType(element, fixed: shape), found: tensor.type, offset: start)
    }
    values.append(graph.addWeight(name, tensor))
  }

  private mutating func decodeOperator() throws(GraphCodingError) {
    let start = reader.offset
    let name = try readText("operator name")
    let version = try read { r throws(CodingError) in try r.readIndex("version", below: .max) }
    guard let type = operatorType(named: name) else {
      throw .operation(.unknownOperator(name), offset: start)
    }
    guard version == type.version else {
      throw .operation(
        .version(operator: name, found: version, supported: type.version), offset: start)
    }
    var fields: [String] = []
    for _ in 0..<(try readCount("fields", minimumBytes: 1)) {
      fields.append(try readText("field name"))
    }
    operators.append((type, fields))
  }

  private mutating func decodeNode() throws(GraphCodingError) {
    let start = reader.offset
    let known = operators.count
    let index = try read { r throws(CodingError) in try r.readIndex("operator", below: known) }
    let (type, fieldNames) = operators[index]
    let name = try readText("node name")
    var fields: [(name: String, value: FieldValue)] = []
    let (depth, custom) = (depth, custom)
    for field in fieldNames {
      fields.append(
        (
          field,
          try read { r throws(CodingError) in
            try r.readFieldValue(depth: depth, custom: custom)
          }
        ))
    }
    let operation: any Operator
    do { operation = try type.decoded(fields) } catch {
      throw .operation(error, offset: start)
    }
    let linked: any Operator
    do { linked = try custom.linked(operation) } catch {
      throw .type(node: name, operator: type.name, error, offset: start)
    }
    var operands: [ValueID?] = []
    let count = values.count
    for _ in 0..<(try readCount("operands", minimumBytes: 1)) {
      let index = try read { r throws(CodingError) in
        try r.readIndex("operand", below: count + 1)
      }
      operands.append(index == 0 ? nil : values[index - 1])
    }
    var names: [String] = []
    var types: [ValueType] = []
    for _ in 0..<(try readCount("results", minimumBytes: 3)) {
      names.append(try readText("result name"))
      types.append(try read { r throws(CodingError) in try r.readValueType() })
    }
    let results: [ValueID]
    do {
      results = try graph.append(linked, operands, name: name, resultNames: names)
    } catch { throw .type(node: name, operator: type.name, error, offset: start) }
    guard results.count == types.count else {
      throw .type(
        node: name, operator: type.name,
        .resultCount(expected: results.count, found: types.count), offset: start)
    }
    for (result, recorded) in zip(results, types)
    where !graph.valueType(result).isCompatible(with: recorded) {
      throw .resultType(
        node: name, operator: type.name, inferred: graph.valueType(result), recorded: recorded,
        offset: start)
    }
    values += results
  }
}

extension Operator {
  fileprivate static func decoded(
    _ fields: [(name: String, value: FieldValue)]
  ) throws(FieldDecodingError) -> any Operator {
    try Self.decode(fields).get()
  }
}
