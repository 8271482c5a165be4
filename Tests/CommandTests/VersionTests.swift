import DVLAKernels
import DepthVLAWeights
import Foundation
import Testing

/// What a report of a fault is asked to have.
struct VersionTests {
  @Test func theVersionSaysWhatDecidesHowItComputes() throws {
    let result = try depthvla("--version")
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "depthvla \(ToolVersion.current)")
    let parts = Dictionary(
      lines.dropFirst().map { line in
        let halves = line.split(separator: ": ", maxSplits: 1)
        return (String(halves[0]), halves.count == 2 ? String(halves[1]) : "")
      }, uniquingKeysWith: { first, _ in first })
    #expect(
      parts.keys.sorted() == [
        "OpenBLAS", "commit", "instructions", "libcrypto", "libzstd", "processor", "products",
      ])
    #expect(lines.count == parts.count + 1)
    #expect(
      try #require(parts["commit"])
        .wholeMatch(of: /not recorded|[0-9a-f]{7,40}(-modified)?/) != nil)
    #expect(parts["instructions"] == InstructionSet.best.rawValue)
    #expect(try #require(parts["libzstd"]).wholeMatch(of: /1\.\d+\.\d+/) != nil)
    #expect(try #require(parts["OpenBLAS"]).wholeMatch(of: /0\.\d+\.\d+\S*, \S+ kernels/) != nil)
    #expect(try #require(parts["libcrypto"]).hasPrefix("OpenSSL "))
  }

  /// The kernels are those in use, not those that OpenBLAS would have chosen.
  @Test func openBLASNamesTheKernelsThatTheUserChose() throws {
    #if arch(x86_64)
      let process = Command.process(["--version"])
      process.environment = ProcessInfo.processInfo.environment.merging(
        ["OPENBLAS_CORETYPE": "Nehalem"], uniquingKeysWith: { $1 })
      let result = try outcome(of: process)
      #expect(result.output.contains(", Nehalem kernels\n"), "\(result.output)")
    #endif
  }
}
