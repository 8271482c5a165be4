import DVLATestSupport
import Foundation
import Testing

/// ErrorCodes.md, which `scripts/list-error-codes` writes, and the codes that the sources declare.
struct ErrorCodePageTests {
  /// The rows of the page: what a code means by code.
  static let listed: [String: String] = {
    let page = (try? text(of: PageTests.documentation + "/ErrorCodes.md")) ?? ""
    let rows = page.matches(of: /(?m)^\| `([^`]+)` \| (.*) \| [^|]+ \|$/)
    return Dictionary(
      rows.map { (String($0.output.1), String($0.output.2)) }, uniquingKeysWith: { $0 + $1 })
  }()

  /// The text of each file of the sources.
  static let sources: [(path: String, text: String)] = {
    let folder = FixtureFolder.path("../Sources")
    let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return paths.filter { $0.hasSuffix(".swift") }.compactMap { path in
      (try? text(of: "Sources/" + path)).map { (path, $0) }
    }
  }()

  @Test func everyDeclaredCodeIsListed() throws {
    var declared: Set<String> = []
    for (path, text) in Self.sources {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, line) in lines.enumerated() {
        guard let code = Self.code(on: line, of: lines, at: index) else { continue }
        declared.insert(code)
        #expect(
          lines[index - 1].contains("///"), "\(path): \(code) needs a documentation comment")
        #expect(Self.listed[code] != nil, "\(code) of \(path): run scripts/list-error-codes")
      }
    }
    #expect(declared.count > 200)
    for code in Self.listed.keys.sorted() {
      #expect(declared.contains(code), "\(code) is not declared: run scripts/list-error-codes")
    }
  }

  /// The page says what the comment in the source says.
  @Test func meaningsAreThoseOfTheSources() throws {
    let joined = Self.sources.map(\.text).joined(separator: "\n")
    let comments = joined.replacing(/\n *\/\/\/ ?/, with: " ").replacing("``", with: "`")
    for (code, meaning) in Self.listed {
      #expect(!meaning.isEmpty)
      let text = meaning.replacing("\\|", with: "|")
      // Not inside of #expect, which would print all comments.
      let isStated = comments.contains(text)
      #expect(isStated, "\(code): run scripts/list-error-codes")
    }
  }

  /// A code that is declared there; a long one is on the line after its name.
  private static func code(
    on line: Substring, of lines: [Substring], at index: Int
  ) -> String? {
    guard let match = line.firstMatch(of: /^  (?:public )?static let \w+ = Self\((?:"([^"]+)")?/)
    else { return nil }
    if let code = match.output.1 { return String(code) }
    return lines[index + 1].firstMatch(of: /^ *"([a-z0-9.-]+)"/).map { String($0.output.1) }
  }

  private static func text(of path: String) throws -> String {
    try String(contentsOfFile: FixtureFolder.path("../" + path), encoding: .utf8)
  }
}
