import DVLADiagnostics
import DVLATensors
import Testing

@testable import DVLARemapping

@Suite struct NamePatternTests {
  private func match(_ pattern: String, _ name: String) throws -> Bindings? {
    try NamePattern(parsing: pattern).match(NameComponents(TensorName(name)))
  }

  @Test(
    arguments: [
      ("a.b", "a.b"), ("a.{i}.b", "a.0.b"), ("a.{i}.b", "a.17.b"), ("a.**", "a.b"),
      ("a.**", "a.b.c.d"), ("**", "a"), ("a.{i}.**", "a.3.x.y"), ("{i}.{i}", "4.4"),
      ("{i}.{j}", "4.5"), ("a.{i}", "a.9999999"),
    ])
  func matchesAndGivesTheNameBack(pattern: String, name: String) throws {
    let bindings = try #require(try match(pattern, name))
    #expect(try NamePattern(parsing: pattern).name(bindings)?.string == name)
  }

  @Test(
    arguments: [
      ("a.b", "a.b.c"), ("a.b", "a"), ("a.{i}.b", "a.x.b"), ("a.{i}.b", "a.00.b"),
      ("a.{i}.b", "a.-1.b"), ("a.{i}.b", "a..b"), ("a.{i}.b", "a.10000000.b"), ("a.**", "a"),
      ("a.**", "ab.c"), ("{i}.{i}", "4.5"), ("a.{i}", "a.١"), ("é", "e\u{301}"),
    ])
  func doesNotMatch(pattern: String, name: String) throws {
    #expect(try match(pattern, name) == nil)
  }

  @Test(arguments: [
    "", "a..b", ".a", "a.", "**.a", "a.**.b", "a*", "a{i}", "{i}b", "{}", "a.{", "***",
  ])
  func refusesWhatIsNoPattern(text: String) {
    #expect(failure { try NamePattern(parsing: text) }?.code == .manifestSyntax)
  }

  @Test(
    arguments: [
      ("a.b", "a.b", true), ("a.b", "a.c", false), ("a.{i}", "a.3", true), ("a.{i}", "a.x", false),
      ("a.{i}", "a.{j}", true), ("a.**", "a.b", true), ("a.**", "a", false),
      ("a.b.**", "a.**", true),
      ("a.b.**", "a.c.**", false), ("**", "x.y.z", true), ("a.{i}.**", "a.b.c", false),
      ("a.{i}.b", "a.03.b", false),
    ])
  func knowsWhetherANameCouldMatchBoth(a: String, b: String, overlap: Bool) throws {
    let (first, second) = (try NamePattern(parsing: a), try NamePattern(parsing: b))
    #expect(first.overlaps(second) == overlap)
    #expect(second.overlaps(first) == overlap)
  }

  @Test(
    arguments: [
      (["l.0.x", "l.1.x", "l.2.x"], ["l.{0-2}.x"]),
      (["l.2.x", "l.0.x", "l.1.x", "l.1.x"], ["l.{0-2}.x"]),
      (["l.0.x", "l.1.x", "l.3.x", "l.7.x", "l.8.x"], ["l.{0-1,3,7-8}.x"]),
      (["l.3.x"], ["l.3.x"]), (["a", "b", "a"], ["a", "b"]),
      (["l.0.m.0.w", "l.1.m.0.w", "l.2.m.0.w", "l.0.m.2.w"], ["l.{0-2}.m.0.w", "l.0.m.2.w"]),
      (["n.0.k.1", "n.0.k.2"], ["n.0.k.{1-2}"]), (["l.00.x", "l.01.x"], ["l.00.x", "l.01.x"]),
      (["l.#.x", "l.0.x"], ["l.#.x", "l.0.x"]), ([], []),
    ] as [([String], [String])])
  func foldsRunsOfLayers(names: [String], folded: [String]) {
    let names = names.map { TensorName($0) }
    #expect(names.folded() == folded)
  }
}
