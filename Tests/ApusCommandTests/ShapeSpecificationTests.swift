import Apus
import ApusCommand
import Testing

@Suite struct ShapeSpecificationTests {
  @Test func namesAndExtents() throws {
    let shapes = try ShapeSpecification("input:1x3x224x224,ids:1x128,flag:scalar,'a,b':2")
    #expect(shapes.names == ["input", "ids", "flag", "a,b"])
    #expect(shapes["input"] == [1, 3, 224, 224])
    #expect(shapes["ids"] == [1, 128])
    #expect(shapes["flag"] == [])
    #expect(shapes["a,b"] == [2])
    #expect(shapes["other"] == nil)
    #expect(shapes.profile == 0)
  }

  @Test func namesWithColons() throws {
    #expect(try ShapeSpecification("input:0:1x2,y:3")["input:0"] == [1, 2])
  }

  @Test func oneStarMatchesAnything() throws {
    let shapes = try ShapeSpecification("past.*.key:1x2,past.3.key:9")
    #expect(shapes["past.0.key"] == [1, 2])
    #expect(shapes["past.3.key"] == [9])
    #expect(shapes["past.0.value"] == nil)
  }

  @Test func profilesInFront() throws {
    let shapes = try ShapeSpecification("2#x:1x0")
    #expect(shapes.profile == 2)
    #expect(shapes["x"] == [1, 0])
  }

  @Test(arguments: ["x", "x:1xy", "x:-1", "x:1x", "'x:1", "x:99999999999999999999", "x:1,,"])
  func malformed(_ text: String) {
    #expect {
      try ShapeSpecification(text)
    } throws: { error in
      (error as? ApusError)?.description
        == "cannot read the shapes '\(text)'\n"
        + "  write NAME:1x3x224x224, with commas between inputs"
    }
  }

  @Test func unknownInputs() throws {
    let shapes = try ShapeSpecification("imag:1")
    #expect {
      try shapes.check(against: ["image", "mask"])
    } throws: { error in
      (error as? ApusError)?.description
        == "there is no input 'imag'\n  the inputs are image, mask"
    }
  }

  @Test(arguments: [("512M", 536_870_912), ("1G", 1_073_741_824), ("2", 2_097_152), ("0.5k", 512)])
  func memorySizes(_ text: String, _ bytes: Int) { #expect(MemorySize.bytes(text) == bytes) }

  @Test func memorySizesThatAreNone() {
    for text in ["", "x", "-1M", "1e30G"] { #expect(MemorySize.bytes(text) == nil) }
    #expect(MemorySize.text(999) == "999 B")
    #expect(MemorySize.text(437_984_507) == "438 MB")
    #expect(MemorySize.text(1_234_567_890_123) == "1.23 TB")
  }
}
