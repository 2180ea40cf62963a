#if Server
@testable import ApusGRPC
import ApusServing
import NIOCore
import NIOHPACK
import Testing

@Suite("Parts of the transport", .timeLimit(.minutes(5)))
struct TransportTests {
  @Test("Messages are taken out of bytes however these are cut")
  func deframing() throws {
    var bytes = ByteBuffer()
    for (flag, content) in [(0, "first"), (1, ""), (0, "the third")] {
      bytes.writeInteger(UInt8(flag))
      bytes.writeInteger(UInt32(content.utf8.count))
      bytes.writeString(content)
    }
    for width in 1...bytes.readableBytes {
      var deframer = MessageDeframer()
      var found: [String] = []
      var rest = bytes
      while let part = rest.readSlice(length: min(width, rest.readableBytes)),
        part.readableBytes > 0
      {
        deframer.append(part)
        while let frame = try deframer.next(limit: 9) {
          found.append("\(frame.isCompressed) \(String(buffer: frame.content))")
        }
      }
      #expect(found == ["false first", "true ", "false the third"])
      #expect(deframer.isEmpty)
    }
  }

  @Test("The content of a message's first large field lies where kernels read it")
  func alignment() throws {
    for name in 0..<20 {
      // Field 1 is a text, field 7 the large one.
      var message = ByteBuffer(bytes: [0x0A, UInt8(name)])
      message.writeRepeatingByte(0x78, count: name)
      message.writeBytes([0x3A, 0xA0, 0x8D, 0x06])
      let start = message.readableBytes
      for index in 0..<100_000 { message.writeInteger(UInt8(truncatingIfNeeded: index)) }
      var bytes = ByteBuffer(bytes: [0])
      bytes.writeInteger(UInt32(message.readableBytes))
      bytes.writeBuffer(&message)
      var deframer = MessageDeframer()
      while let part = bytes.readSlice(length: min(16384, bytes.readableBytes)),
        part.readableBytes > 0
      {
        deframer.append(part)
      }
      let frame = try #require(try deframer.next(limit: 1 << 20))
      frame.content.withUnsafeReadableBytes { content in
        #expect(Int(bitPattern: content.baseAddress) % 16 == (16 - start % 16) % 16)
        #expect(content.count == start + 100_000)
        #expect(
          content.indices.dropFirst(start).allSatisfy { Int(content[$0]) == ($0 - start) & 255 })
      }
    }
  }

  @Test("Lengths beyond the limit and wrong flags are refused")
  func wrongFrames() {
    for (flag, length) in [(0, UInt32.max), (0, 10), (2, 1)] {
      var bytes = ByteBuffer()
      bytes.writeInteger(UInt8(flag))
      bytes.writeInteger(length)
      var deframer = MessageDeframer()
      deframer.append(bytes)
      #expect(throws: CallStatus.self) { try deframer.next(limit: 9) }
    }
  }

  @Test(
    "Compression there and back, and what is damaged", arguments: [MessageCoding.gzip, .deflate])
  func compression(coding: MessageCoding) throws {
    for size in [0, 1, 100_000] {
      let plain = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 / 7) })
      let packed = try #require(coding.compress(plain, level: 6))
      let unpacked = try coding.decompress(packed, limit: 100_000)
      #expect(unpacked == plain)
      var cut = packed
      cut.moveWriterIndex(to: cut.writerIndex - 1)
      #expect(throws: CallStatus.self) { try coding.decompress(cut, limit: 100_000) }
      if size > 1 {
        #expect(throws: CallStatus.self) { try coding.decompress(packed, limit: size - 1) }
      }
    }
    #expect(throws: CallStatus.self) { try coding.decompress(ByteBuffer(), limit: 10) }
    #expect(throws: CallStatus.self) {
      try coding.decompress(ByteBuffer(string: "no stream at all"), limit: 10)
    }
    #expect(throws: CallStatus.self) {
      try MessageCoding.identity.decompress(ByteBuffer(string: "x"), limit: 10)
    }
  }

  @Test(
    "Times of grpc-timeout",
    arguments: [
      ("1H", 3_600_000_000_000), ("2S", 2_000_000_000), ("5m", 5_000_000), ("7u", 7000), ("9n", 9),
      ("99999999H", nil), ("", nil), ("5", nil), ("-5m", nil), ("m", nil), ("123456789m", nil),
    ] as [(String, Int64?)])
  func timeouts(text: String, nanoseconds: Int64?) {
    #expect(CallMetadata(HPACKHeaders([("grpc-timeout", text)])).timeout == nanoseconds)
  }

  @Test("Messages of a status are percent-encoded and bounded")
  func statusMessages() {
    #expect(CallStatus(.unknown, "plain [id] 'x'").encodedMessage == "plain [id] 'x'")
    #expect(CallStatus(.unknown, "50%\nä").encodedMessage == "50%25%0A%C3%A4")
    let long = CallStatus(.unknown, String(repeating: "a", count: 100_000)).encodedMessage
    #expect(long.utf8.count == 4096)
  }

  @Test("Pings without reason are too many from the third on")
  func pings() {
    var policy = PingPolicy(GRPCConfiguration.KeepAlive())
    let start = NIODeadline.now()
    var refused: [Bool] = []
    for second in 0..<5 {
      refused.append(policy.isTooMuch(now: start + .seconds(Int64(second)), hasCalls: true))
    }
    #expect(refused == [false, false, false, true, true])
    policy.hasWritten()
    let afterWriting = policy.isTooMuch(now: start + .seconds(9), hasCalls: true)
    #expect(!afterWriting)
    var patient = PingPolicy(GRPCConfiguration.KeepAlive())
    for minute in 0..<9 {
      let now = start + .minutes(Int64(minute) * 6)
      let isRefused = patient.isTooMuch(now: now, hasCalls: true)
      #expect(!isRefused)
    }
  }
}
#endif
