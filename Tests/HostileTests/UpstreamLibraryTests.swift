import DVLAHostileCorpus
import DVLATestSupport
import Foundation
import Testing

/// Where the public safetensors library is more lenient than we are, and where it is stricter: what
/// the documentation lists.
struct UpstreamLibraryTests {
  static let python = ProcessInfo.processInfo.environment["DEPTHVLA_PYTHON"] ?? "python3"
  static let hasLibrary = (try? run("import safetensors", input: "")) != nil

  @Test(.enabled(if: hasLibrary, "DEPTHVLA_PYTHON has no safetensors"))
  func opensWhatTheCorpusSaysItOpens() throws {
    let scratch = try ScratchFolder()
    let cases = HostileCase.all.filter { $0.door == .safetensors }
    let paths = try cases.enumerated().map { try $1.write(to: scratch, as: "\($0)") }
    let script = FixtureFolder.path("../Tests/python/open_with_safetensors.py")
    let text = try String(contentsOfFile: script, encoding: .utf8)
    var lines = try Self.run(text, input: paths.joined(separator: "\n"))
    let version = lines.removeFirst()
    #expect(version.hasPrefix("0."))
    try #require(lines.count == cases.count)
    // What it takes may change with its version; the corpus describes 0.8.
    guard version.hasPrefix("0.8.") else { return }
    for (hostile, line) in zip(cases, lines) {
      #expect((line == "taken") == hostile.isTakenUpstream, "\(hostile): \(line)")
    }
  }

  private static func run(_ script: String, input: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [python, "-c", script]
    let (standardInput, output) = (Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.featureUnsupported) }
    return text.split(separator: "\n").map(String.init)
  }
}
