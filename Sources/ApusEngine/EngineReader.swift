package import ApusIR
package import ApusTensor

/// Reads engine files that may be damaged or hostile. Weights stay mapped; their checksums are
/// verified by `verify`, before first use.
package struct EngineReader: Sendable {
  package let contents: EngineFile.Contents
  private let used: [(tensor: HostTensor, checksum: UInt64)]

  /// Whether a file starts like an engine.
  package static func isEngine(_ path: String) -> Bool {
    guard let file = try? MappedFile(path: path) else { return false }
    return EngineFile.magic.indices.allSatisfy { file.range[$0] == EngineFile.magic[$0] }
  }

  /// Reads a file; `custom` supplies the implementations of custom operators.
  package init(
    path: String, custom: CustomOperators = CustomOperators()
  ) throws(EngineFileError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw .tensor(error) }
    try self.init(file.range, path: path, custom: custom)
  }

  /// Reads an engine from bytes; `path` is for errors.
  package init(
    _ range: ByteRange, path: String = "the data", custom: CustomOperators = CustomOperators()
  ) throws(EngineFileError) {
    guard EngineFile.magic.indices.allSatisfy({ range[$0] == EngineFile.magic[$0] }) else {
      throw .notAnEngine(path: path)
    }
    guard let version = range.integer(at: 8, as: UInt32.self),
      let bodyCount = range.integer(at: 12, as: UInt32.self),
      let checksum = range.integer(at: 16, as: UInt64.self)
    else { throw .malformed("the header is cut off") }
    guard version == EngineFile.formatVersion else {
      throw .version(found: version, supported: EngineFile.formatVersion)
    }
    guard let body = range.slice(at: EngineFile.headerByteCount, count: Int(bodyCount)) else {
      throw .malformed("the index is cut off")
    }
    let bytes = body.array
    guard Checksum.of(bytes, seed: UInt64(bodyCount)) == checksum else {
      throw .damaged(part: "the index")
    }
    let base = EngineWriter.aligned(EngineFile.headerByteCount + Int(bodyCount))
    do throws(CodingError) {
      var reader = ByteReader(bytes)
      let directory = try reader.readBytes("blob table")
      let index = try reader.readBytes("index")
      try reader.finish()
      let blobs = try Self.blobs(ByteReader(Array(directory)), base: base)
      for blob in blobs where range.slice(at: blob.offset, count: blob.byteCount) == nil {
        throw .malformed("a weight lies beyond the end of the file", offset: blob.offset)
      }
      var decoder = IndexDecoder(
        reader: ByteReader(Array(index)), blobs: blobs, file: range, custom: custom)
      contents = try decoder.decode()
      used = decoder.used
    } catch { throw .coding(error) }
  }

  /// Checks the bytes of every weight that the plan reads.
  package func verify() throws(EngineFileError) {
    for (tensor, checksum) in used {
      guard Checksum.of(tensor) == checksum else { throw .damaged(part: "a weight \(tensor.type)") }
    }
  }

  private static func blobs(
    _ source: ByteReader, base: Int
  ) throws(CodingError) -> [EngineFile.Blob] {
    var reader = source
    let count = try reader.readCount("blobs", minimumBytes: 11)
    var blobs: [EngineFile.Blob] = []
    for _ in 0..<count {
      guard let element = ElementType(rawValue: try reader.readByte()), element != .string else {
        throw .malformed("unknown element type", offset: reader.offset)
      }
      let rank = try reader.readCount("rank", minimumBytes: 1)
      var shape: [Int] = []
      for _ in 0..<rank { shape.append(try reader.readIndex("extent", below: .max)) }
      let offset = try reader.readIndex("offset", below: .max - base)
      guard offset % EngineFile.alignment == 0 else {
        throw .malformed("a weight is not aligned", offset: reader.offset)
      }
      let checksum = try reader.readFixed(UInt64.self)
      guard let elements = Array.product(shape), let bytes = element.byteCount(of: elements) else {
        throw .malformed("a weight does not fit the address space", offset: reader.offset)
      }
      blobs.append(
        .init(
          element: element, shape: shape, offset: base + offset, byteCount: bytes,
          checksum: checksum))
    }
    try reader.finish()
    return blobs
  }
}

/// Decodes the index: graphs, tactics, packed weights, profiles.
private struct IndexDecoder {
  var reader: ByteReader
  let blobs: [EngineFile.Blob]
  let file: ByteRange
  let custom: CustomOperators
  private(set) var used: [(tensor: HostTensor, checksum: UInt64)] = []

  init(
    reader: ByteReader, blobs: [EngineFile.Blob], file: ByteRange, custom: CustomOperators
  ) {
    self.custom = custom
    self.reader = reader
    self.blobs = blobs
    self.file = file
  }

  private func tensor(_ index: Int) throws(CodingError) -> HostTensor {
    guard blobs.indices.contains(index),
      let range = file.slice(at: blobs[index].offset, count: blobs[index].byteCount),
      let tensor = try? HostTensor(
        blobs[index].element, shape: blobs[index].shape, storage: range.storage,
        byteOffset: range.offset)
    else { throw .malformed("weight \(index) does not exist", offset: reader.offset) }
    return tensor
  }

  mutating func decode() throws(CodingError) -> EngineFile.Contents {
    let producer = try reader.readText("producer")
    let target = try reader.readText("target")
    let source = try graph(records: false)
    let planned = try graph(records: true)
    let profiles = try self.profiles()
    var choices = [Plan.Choice](repeating: .init(), count: max(profiles.count, 1))
    for id in planned.order { try readTactics(of: planned[id], into: &choices) }
    try reader.finish()
    return EngineFile.Contents(
      source: source, plan: Plan(graph: planned, choices: choices, profiles: profiles),
      target: target, producer: producer)
  }

  /// The distinct tactics of a node, and which of them each profile takes.
  private mutating func readTactics(
    of node: Node, into choices: inout [Plan.Choice]
  ) throws(CodingError) {
    let count = try reader.readCount("tactics", minimumBytes: 2)
    guard count > 0, count <= choices.count else {
      throw .malformed(
        "\(count) tactics of a node for \(choices.count) profiles", offset: reader.offset)
    }
    var variants: [(tactic: Tactic?, packed: [(Int, HostTensor)])] = []
    for _ in 0..<count {
      let tactic = try reader.readFlag() ? try self.tactic() : nil
      var packed: [(Int, HostTensor)] = []
      for _ in 0..<(try reader.readCount("packed weights", minimumBytes: 2)) {
        let operand = try reader.readIndex("operand", below: node.operands.count)
        let index = try reader.readIndex("weight", below: blobs.count)
        let weight = try tensor(index)
        used.append((weight, blobs[index].checksum))
        packed.append((operand, weight))
      }
      variants.append((tactic, packed))
    }
    for profile in choices.indices {
      let index = count == 1 ? 0 : try reader.readIndex("tactic", below: count)
      choices[profile].tactics[node.id] = variants[index].tactic
      for (operand, weight) in variants[index].packed {
        choices[profile].packed[.init(node: node.id, operand: operand)] = weight
      }
    }
  }

  private mutating func graph(records: Bool) throws(CodingError) -> Graph {
    var found: [(HostTensor, UInt64)] = []
    let blobs = self.blobs
    let copy = self
    let start = reader.offset
    do {
      let graph = try Graph.decode(from: &reader, custom: custom) {
        (reference) throws(TensorError) in
        let tensor: HostTensor
        do { tensor = try copy.tensor(reference.index) } catch {
          throw .malformed(format: "engine", reason: "\(error)", offset: start)
        }
        found.append((tensor, blobs[reference.index].checksum))
        return tensor
      }
      if records { used += found.map { (tensor: $0.0, checksum: $0.1) } }
      return graph
    } catch { throw .malformed("\(error)", offset: start) }
  }

  private mutating func tactic() throws(CodingError) -> Tactic {
    let source = try reader.readText("source")
    let name = try reader.readText("name")
    let version = try reader.readInteger()
    var parameters: [Int] = []
    for _ in 0..<(try reader.readCount("parameters", minimumBytes: 1)) {
      parameters.append(try reader.readInteger())
    }
    return Tactic(source: source, name: name, version: version, parameters: parameters)
  }

  private mutating func profiles() throws(CodingError) -> [Profile] {
    var profiles: [Profile] = []
    let count = try reader.readCount("profiles", minimumBytes: 1)
    guard count <= Profile.limit else {
      throw .malformed("\(count) profiles, at most \(Profile.limit)", offset: reader.offset)
    }
    for _ in 0..<count {
      var inputs: [String: Profile.Range] = [:]
      for _ in 0..<(try reader.readCount("profile inputs", minimumBytes: 4)) {
        let name = try reader.readText("input")
        var shapes: [[Int]] = []
        for _ in 0..<3 {
          var shape: [Int] = []
          for _ in 0..<(try reader.readCount("extents", minimumBytes: 1)) {
            shape.append(try reader.readInteger())
          }
          shapes.append(shape)
        }
        inputs[name] = .init(minimum: shapes[0], optimum: shapes[1], maximum: shapes[2])
      }
      profiles.append(Profile(inputs: inputs))
    }
    return profiles
  }
}
