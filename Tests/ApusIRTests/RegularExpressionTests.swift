import ApusTensor
import Testing

@testable import ApusIR

@Suite struct RegularExpressionTests {
  @Test(arguments: [
    ("", "", true), ("", "a", false), ("abc", "abc", true), ("abc", "abcd", false),
    ("a|b|cd", "cd", true), ("a|", "", true), ("(a|b)*c", "ababc", true), ("a*?b", "aab", true),
    ("a{2,3}", "aa", true), ("a{2,3}", "aaaa", false), ("a{2,}", "aaaaa", true),
    ("a{0}", "", true), ("a{,2}", "a{,2}", true), ("a{x", "a{x", true), ("{", "{", true),
    (".", "\n", false), ("(?s).", "\n", true), (".", "日", true), ("..", "e\u{301}", true),
    ("[a-c]+", "abcabc", true), ("[^a-c]", "d", true), ("[^a]", "\n", true), ("[]a]+", "]a", true),
    ("[a-]+", "a-", true), ("[\\]\\-]+", "]-", true), ("[\\w.]+", "a_1.", true),
    ("[^\\d\\s]+", "ab", true), ("[^\\d\\s]+", "a b", false), ("[[:alpha:][:digit:]]+", "a1", true),
    ("[[:^alpha:]]", "1", true), ("[[:^alpha:]]", "a", false), ("[[:alpha]+", "[:al", true),
    ("\\d+", "0123", true), ("\\D", "٣", true), ("\\s", "\u{0B}", false),
    ("[[:space:]]", "\u{0B}", true),
    ("\\x41\\x{1F600}\\101\\n", "A😀A\n", true), ("\\Qa+b\\Ec", "a+bc", true),
    ("\\Qa\\E+", "aaa", true), ("\\.\\*\\_", ".*_", true), ("\\pL\\p{Lu}", "éÉ", true),
    ("\\P{L}", "1", true), ("\\p{^L}", "a", false), ("\\p{Any}", "\n", true),
    ("(?i)abc", "aBC", true), ("(?i)k", "\u{212A}", true), ("(?i:a)b", "AB", false),
    ("(?i)[k-l]", "\u{212A}", true), ("(?i)[^k]", "K", false), ("((?i)a)b", "Ab", true),
    ("((?i)a)b", "AB", false), ("(?i)a(?-i)b", "AB", false), ("(?i)straße", "STRAßE", true),
    ("(?i)\\W", "\u{17F}", false),
    ("(?P<name>a)(?<other>b)(?:c)", "abc", true), ("^abc$", "abc", true), ("a^b", "ab", false),
    ("(?m)a$\\n^b", "a\nb", true), ("a$\\nb", "a\nb", false), ("\\Aab\\z", "ab", true),
    ("a\\b b", "a b", true), ("a\\Bb", "ab", true), ("a\\bb", "ab", false), ("\\bé", "é", false),
    ("(a*)*", "aaa", true), ("(a|b|)+c", "abc", true), ("(|a)*", "aa", true), ("x*|y", "y", true),
    ("(?U)a+", "aa", true), ("^*a", "a", true),
    ("(\\W|^)[\\w.\\-]{0,25}@(yahoo|gmail)\\.com(\\W|$)", "account@gmail.com", true),
  ])
  func matching(pattern: String, text: String, expected: Bool) throws {
    #expect(try RegularExpression(pattern).matches(text) == expected)
  }

  @Test(arguments: [
    "a**", "a{2}{3}", "*", "a|*", "(", ")", "(a", "a)", "[", "[a", "[b-a]", "[[:foo:]]", "\\",
    "\\1", "\\8", "\\y", "\\Z", "\\xg", "\\x{110000}", "\\x{", "a{1001}", "a{3,2}", "(?z)", "(?i",
    "(?i-)", "(?P<a>b)(?P<a>c)", "(?P<>a)", "(?P=a)", "(?=a)", "\\p{L", "[\\", "(?i)*", "\\u0041",
  ])
  func syntaxErrors(pattern: String) {
    #expect(throws: RegularExpressionError.self) { try RegularExpression(pattern) }
  }

  @Test func whatIsMissingIsNamed() {
    #expect(throws: RegularExpressionError.unsupported("the property 'Greek'", offset: 0)) {
      try RegularExpression("\\p{Greek}")
    }
    #expect(throws: RegularExpressionError.self) { try RegularExpression("\\C") }
  }

  @Test func limits() {
    let deep = String(repeating: "(", count: 5000) + String(repeating: ")", count: 5000)
    #expect(throws: RegularExpressionError.self) { try RegularExpression(deep) }
    #expect(throws: RegularExpressionError.self) {
      try RegularExpression("((a{1000}){1000}){1000}")
    }
    #expect(throws: RegularExpressionError.self) { try RegularExpression("(.{500}){500}") }
    #expect(throws: RegularExpressionError.self) {
      try RegularExpression(String(repeating: "a", count: 1 << 17))
    }
  }

  /// A backtracking engine would need longer than the universe has.
  @Test(arguments: ["(a*)*b", "(a|a)*b", "(a?){100}a{100}a*b", "(.*)(.*)(.*)(.*)(.*)b", "(a|aa)+b"])
  func hostilePatternsEnd(pattern: String) throws {
    let expression = try RegularExpression(pattern)
    let text = String(repeating: "a", count: 2000)
    let found = [expression.matches(text), expression.matches(text + "b")]
    #expect(found == [false, true])
  }

  @Test(arguments: [
    ("a+", "baaac", 1..<4), ("a+?", "baaac", 1..<2), ("a|ab", "xab", 1..<2), ("ab|a", "xab", 1..<3),
    ("(?U)a+", "aa", 0..<1), ("(?U)a+?", "aa", 0..<2), ("", "a", 0..<0), ("b*", "ab", 0..<0),
    ("\\bc$", "c c", 2..<3), ("a{2,3}?", "aaaa", 0..<2), ("(a|b)*c|b", "abb", 1..<2),
  ])
  func firstMatches(pattern: String, text: String, expected: Range<Int>) throws {
    let scalars = text.unicodeScalars.map(\.value)
    #expect(try RegularExpression(pattern).firstMatch(in: scalars, from: 0) == expected)
  }

  /// Patterns of random pieces are matched or refused.
  @Test func randomPatterns() {
    let pieces = [
      "a", "b", "*", "+", "?", "{2}", "{1,", "(", ")", "(?i)", "(?:", "|", "[", "]", "^", "$", "-",
      "\\", "\\d", "\\p", "{L}", "\\x", "[:alpha:]", ".", "\\Q", "\\E", "é",
    ]
    var random = SplitMix(seed: 7)
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...8, using: &random)
      let pattern = (0..<count).map { _ in pieces.randomElement(using: &random)! }.joined()
      _ = (try? RegularExpression(pattern))?.matches("aabé-")
    }
  }
}
