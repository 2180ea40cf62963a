internal import ApusTensor
internal import ApusTestSupport
internal import Testing

@Suite struct NumPyArchiveTests {
  @Test func storedEntries() throws {
    let members = try decode(NumPyFixture.bytes(NumPyFixture.stored))
    #expect(members.map(\.name) == ["x"])
    #expect(try members.first?.tensor.reals() == [0, 1, 2])
  }

  @Test func deflatedEntries() throws {
    let members = try decode(NumPyFixture.bytes(NumPyFixture.deflated))
    #expect(members.map(\.name) == ["a", "b"])
    #expect(try members[0].tensor.integers() == (0..<400).map { $0 % 7 })
    #expect(try members[1].tensor.reals() == [1, 0, 0, 0, 1, 0, 0, 0, 1])
  }

  @Test func checksumsAreVerified() throws {
    var bytes = NumPyFixture.bytes(NumPyFixture.stored)
    // The last byte of the data lies before the 51 bytes of directory and the 22 of its end.
    bytes[bytes.count - 51 - 22 - 1] ^= 1
    #expect(message(bytes).contains("wrong checksum"))
  }

  @Test func truncationIsNamed() throws {
    let bytes = NumPyFixture.bytes(NumPyFixture.stored)
    #expect(message(Array(bytes.dropLast(30))).contains("may be cut off"))
    #expect(message([]).contains("may be cut off"))
  }

  @Test func writtenArchivesReadBack() throws {
    let folder = try TemporaryFolder()
    let path = FileSystem.join(folder.path, "both.npz")
    let members = [
      NumPyArchive.Member(name: "one", tensor: try .vector([1, 2, 3])),
      NumPyArchive.Member(name: "über", tensor: try HostTensor(texts: ["x"], shape: [1])),
    ]
    try NumPyArchive.write(members, path: path)
    let back = try NumPyArchive.read(path: path)
    #expect(back.map(\.name) == ["one", "über"])
    #expect(try back[0].tensor.integers() == [1, 2, 3])
    #expect(try back[1].tensor.elements() == .text(["x"]))
  }

  @Test func missingFilesAreNamed() {
    do {
      _ = try NumPyArchive.read(path: "/nonexistent/x.npz")
      Issue.record("no error")
    } catch { #expect("\(error)" == "/nonexistent/x.npz: No such file or directory") }
  }

  @Test func damagedArchivesNeverTrap() throws {
    for fixture in [NumPyFixture.stored, NumPyFixture.deflated] {
      let bytes = NumPyFixture.bytes(fixture)
      for length in bytes.indices { _ = try? decode(Array(bytes[..<length])) }
      for index in bytes.indices {
        for bit in 0..<8 {
          var damaged = bytes
          damaged[index] ^= 1 << bit
          _ = try? decode(damaged)
        }
      }
    }
  }

  private func decode(_ bytes: [UInt8]) throws(TensorError) -> [NumPyArchive.Member] {
    try NumPyArchive.decode(ByteRange(copying: bytes))
  }

  private func message(_ bytes: [UInt8]) -> String {
    do {
      _ = try decode(bytes)
      return "no error"
    } catch { return "\(error)" }
  }
}
