internal import ApusIR
internal import ApusTensor

/// Writes engine files, atomically.
package enum EngineWriter {
  package static func write(
    _ contents: EngineFile.Contents, to path: String, durable: Bool = true
  ) throws(EngineFileError) {
    var table = BlobTable()
    var index = ByteWriter()
    index.write(text: contents.producer)
    index.write(text: contents.target)
    let source: Graph
    let planned: Graph
    do {
      source = try contents.source.compacted()
      planned = try hollowed(contents.plan).compacted()
    } catch { throw .malformed("\(error)") }
    source.encode(into: &index) { table.index(of: $1.tensor) }
    planned.encode(into: &index) { table.index(of: $1.tensor) }
    write(contents.plan.profiles, into: &index)
    for node in contents.plan.graph.nodes { write(node, contents.plan, &table, into: &index) }
    try save(index, table, to: path, durable: durable)
  }

  /// The plan's graph with weights that only packed forms replace, in every profile, left out: a
  /// splat of their shape stands for them.
  private static func hollowed(_ plan: Plan) -> Graph {
    var unpackedUses = Set(plan.graph.outputs.map(\.value))
    var packedUses: Set<ValueID> = []
    for node in plan.graph.nodes {
      for (index, operand) in node.operands.enumerated() {
        guard let operand else { continue }
        let key = Plan.PackedKey(node: node.id, operand: index)
        if plan.choices.allSatisfy({ $0.packed[key] != nil }) {
          packedUses.insert(operand)
        } else {
          unpackedUses.insert(operand)
        }
      }
    }
    var graph = plan.graph
    for value in packedUses.subtracting(unpackedUses) { graph.hollow(value) }
    return graph
  }

  /// A node's distinct tactics with their packed operands, then which of them each profile takes.
  private static func write(
    _ node: Node, _ plan: Plan, _ table: inout BlobTable, into writer: inout ByteWriter
  ) {
    let variants = plan.variants(of: node.id)
    writer.write(count: variants.count)
    for (tactic, profiles) in variants {
      writer.write(flag: tactic != nil)
      if let tactic { write(tactic, into: &writer) }
      let packed = plan.choices[profiles[0]].packed(node)
      writer.write(count: packed.count)
      for (operand, tensor) in packed {
        writer.write(count: operand)
        writer.write(count: table.index(of: tensor))
      }
    }
    guard variants.count > 1 else { return }
    for profile in plan.choices.indices {
      writer.write(count: variants.firstIndex { $0.profiles.contains(profile) } ?? 0)
    }
  }

  private static func write(_ tactic: Tactic, into writer: inout ByteWriter) {
    writer.write(text: tactic.source)
    writer.write(text: tactic.name)
    writer.write(integer: tactic.version)
    writer.write(count: tactic.parameters.count)
    for parameter in tactic.parameters { writer.write(integer: parameter) }
  }

  private static func write(_ profiles: [Profile], into writer: inout ByteWriter) {
    writer.write(count: profiles.count)
    for profile in profiles {
      writer.write(count: profile.inputs.count)
      for (name, range) in profile.inputs.sorted(by: { $0.key < $1.key }) {
        writer.write(text: name)
        for shape in [range.minimum, range.optimum, range.maximum] {
          writer.write(count: shape.count)
          for extent in shape { writer.write(integer: extent) }
        }
      }
    }
  }

  /// Header, index and blob table behind one checksum, then the blobs, each behind its own.
  private static func save(
    _ index: ByteWriter, _ table: BlobTable, to path: String, durable: Bool
  ) throws(EngineFileError) {
    do {
      var directory = ByteWriter()
      directory.write(count: table.tensors.count)
      // Blob offsets are relative to the aligned end of the index, so that they can be in it.
      var offset = 0
      for tensor in table.tensors {
        directory.write(byte: tensor.element.rawValue)
        directory.write(count: tensor.shape.count)
        for extent in tensor.shape { directory.write(count: extent) }
        directory.write(count: offset)
        directory.write(fixed: Checksum.of(tensor))
        offset += aligned(tensor.byteCount)
      }
      var body = ByteWriter()
      body.write(bytes: directory.bytes)
      body.write(bytes: index.bytes)
      var header = ByteWriter()
      header.write(raw: EngineFile.magic)
      header.write(fixed: EngineFile.formatVersion)
      header.write(fixed: UInt32(truncatingIfNeeded: body.count))
      header.write(fixed: Checksum.of(body.bytes, seed: UInt64(body.count)))
      let file = try FileWriter(path: path)
      try file.append(header.bytes)
      try file.append(body.bytes)
      try pad(file, after: header.count + body.count)
      for tensor in table.tensors {
        try file.append(tensor)
        try pad(file, after: tensor.byteCount)
      }
      try file.commit(durable: durable)
    } catch { throw .tensor(error) }
  }

  private static func pad(_ file: borrowing FileWriter, after count: Int) throws(TensorError) {
    let missing = aligned(count) - count
    if missing > 0 { try file.append([UInt8](repeating: 0, count: missing)) }
  }

  static func aligned(_ count: Int) -> Int {
    (count + EngineFile.alignment - 1) / EngineFile.alignment * EngineFile.alignment
  }
}

/// Tensors to store, each once however often it is used.
private struct BlobTable {
  private(set) var tensors: [HostTensor] = []
  private var known: [Key: Int] = [:]

  private struct Key: Hashable {
    let storage: ObjectIdentifier
    let offset: Int
    let element: ElementType
    let shape: [Int]
  }

  mutating func index(of tensor: HostTensor) -> Int {
    if case .dense(let storage, let offset) = tensor.content {
      let key = Key(
        storage: ObjectIdentifier(storage), offset: offset, element: tensor.element,
        shape: tensor.shape)
      if let index = known[key] { return index }
      known[key] = tensors.count
    }
    tensors.append(tensor)
    return tensors.count - 1
  }
}
