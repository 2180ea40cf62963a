internal import ApusIR
internal import ApusONNX
internal import ApusONNXSchema
internal import ApusTensor
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct ExternalDataTests {
  private func model(
    location: String, offset: String? = nil, length: String? = nil
  ) throws -> ModelBuilder {
    var builder = ModelBuilder(opset: 13)
    var tensor = ModelBuilder.tensor("w", try .floats([0, 0]))
    tensor.clearRawData()
    tensor.dataLocation = .external
    for (key, value) in [("location", location), ("offset", offset), ("length", length)] {
      guard let value else { continue }
      var entry = Onnx_StringStringEntryProto()
      entry.key = key
      entry.value = value
      tensor.externalData.append(entry)
    }
    builder.model.graph.initializer = [tensor]
    builder.input("x", .float32, [2])
    builder.node("Add", ["x", "w"], ["y"])
    builder.output("y")
    return builder
  }

  /// Writes a model beside its data and imports it.
  private func load(
    _ builder: ModelBuilder, in folder: TemporaryFolder, allowOutside: Bool = false
  ) throws -> HostTensor? {
    let inner = FileSystem.join(folder.path, "model")
    try FileSystem.makeDirectory(inner)
    let data = try HostTensor.floats([9, 1, 2, 9]).packedBytes
    try FileSystem.write(data, to: FileSystem.join(inner, "w.bin"))
    try FileSystem.write(data, to: FileSystem.join(folder.path, "outside.bin"))
    let link = FileSystem.join(inner, "link.bin")
    if !FileSystem.exists(link) {
      try FileManager.default.createSymbolicLink(
        atPath: link, withDestinationPath: FileSystem.join(folder.path, "outside.bin"))
    }
    let path = FileSystem.join(inner, "m.onnx")
    try FileSystem.write(builder.serialized(), to: path)
    var options = ImportOptions()
    options.allowExternalDataOutside = allowOutside
    return try ONNXImporter.load(path: path, options: options).graph.weights.values
      .first { $0.name == "w" }?.tensor
  }

  private func message(_ builder: ModelBuilder) throws -> String {
    let folder = try TemporaryFolder()
    do {
      _ = try load(builder, in: folder)
      return "no error"
    } catch let error as ImportError { return "\(error)" }
  }

  @Test func rangesOfFiles() throws {
    let folder = try TemporaryFolder()
    let model = try model(location: "w.bin", offset: "4", length: "8")
    #expect(try load(model, in: folder)?.reals() == [1, 2])
  }

  @Test func pathsThatLeaveTheFolderAreRefused() throws {
    #expect(try message(model(location: "../outside.bin")).contains("leaves the model's folder"))
    #expect(try message(model(location: "/etc/passwd")).contains("is an absolute path"))
    #expect(try message(model(location: "link.bin")).contains("is a link that leaves"))
    #expect(try message(model(location: "a\\..\\..\\outside.bin")).contains("leaves"))
  }

  @Test func theFlagAllowsThem() throws {
    let folder = try TemporaryFolder()
    let model = try model(location: "../outside.bin", offset: "4")
    #expect(try load(model, in: folder, allowOutside: true)?.reals() == [1, 2])
  }

  @Test func rangesAreChecked() throws {
    #expect(
      try message(model(location: "w.bin", offset: "12"))
        == "tensor 'w': it needs bytes 12 to 20 of 'w.bin', which has 16")
    #expect(
      try message(model(location: "w.bin", length: "4"))
        == "tensor 'w': its external data has length 4, f32[2] takes 8 bytes")
    #expect(try message(model(location: "w.bin", offset: "-4")).contains("offset '-4'"))
    #expect(try message(model(location: "w.bin", offset: "\(Int.max)")).contains("which has 16"))
    #expect(try message(model(location: "none.bin")).contains("No such file"))
    #expect(try message(model(location: "")).contains("names no location"))
  }
}
