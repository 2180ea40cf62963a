import ApusModelConfig
import Testing

@Suite("Base64")
struct Base64Tests {
  @Test(
    "The examples of RFC 4648, with and without padding",
    arguments: [
      ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"),
      ("Zm9vYmE", "fooba"), ("Zm9v\nYmFy", "foobar"),
    ])
  func examples(text: String, content: String) {
    #expect(Base64.decode(text) == Array(content.utf8))
  }

  @Test("Other texts are none", arguments: ["Z", "Zg=", "Zg===", "Zm9v!", "Zg==Zg==", "=Zg="])
  func refusals(text: String) { #expect(Base64.decode(text) == nil) }
}
