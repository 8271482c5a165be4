import DVLATensors
import Testing

/// When one pattern matches all that another matches.
struct PatternCoverTests {
  @Test(arguments: [
    ("a.b", "a.b", true), ("a.b", "a.c", false), ("a.*", "a.b", true), ("a.b", "a.*", false),
    ("a.{i}", "a.7", true), ("a.{i}", "a.b", false), ("a.{i}", "a.{i}", true),
    ("a.{i}", "a.*", false), ("a.*", "a.{i}", true), ("**", "a", true), ("**", "a.b.**", true),
    ("a.**", "a", false), ("a.**", "a.b", true), ("a.**", "a.b.c", true), ("a.**", "**", false),
    ("a.**", "*.b", false), ("a.**", "a.**", true), ("a.b.**", "a.**", false),
    ("a.*", "a.**", false), ("*.**", "a.**", true), ("*.**", "**", false), ("a.b", "a.b.c", false),
    ("*.*", "a.b", true), ("*.*", "a", false),
  ])
  func coversWhatItMatches(own: String, other: String, isCovered: Bool) throws {
    let (pattern, asked) = (try DottedPattern(own), try DottedPattern(other))
    #expect(pattern.covers(asked) == isCovered)
    // Names made of few parts: a pattern that covers another matches each name that it matches.
    let parts = ["a", "b", "c", "7"]
    var names = parts
    for first in parts {
      for second in parts {
        names.append("\(first).\(second)")
        for third in parts { names.append("\(first).\(second).\(third)") }
      }
    }
    let isContained = names.allSatisfy {
      !asked.matches(TensorName($0)) || pattern.matches(TensorName($0))
    }
    #expect(!isCovered || isContained)
    if !isCovered { #expect(!isContained) }
  }
}
