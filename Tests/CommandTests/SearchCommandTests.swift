import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// `depthvla convert --budget`: the smallest bundle inside a budget.
struct SearchCommandTests {
  /// Searched once, with two threads; tests read it.
  private static let found = Result {
    let search = try SearchScratch()
    let result = try search.search(["--threads", "2", "--json"])
    try #require(result.status == 0, "\(result.error)")
    return (search: search, document: try #require(result.json))
  }

  @Test func whatIsFoundPassesTheGateAndIsSmaller() throws {
    let (search, document) = try Self.found.get()
    #expect(
      try search.scratch.entries == (SearchScratch.outputs + SearchScratch.inputs).sorted())
    let bytes = document["search"]?.object?["bytes"]?.object
    let smallest = try #require(bytes?["smallest"]?.integer)
    let found = try #require(bytes?["found"]?.integer)
    let largest = try #require(bytes?["largest"]?.integer)
    #expect(smallest < found && found < largest, "\(smallest) \(found) \(largest)")
    #expect(document["search"]?.object?["products"]?.string == "exact")
    let gate = try depthvla(
      "gate", "b.dvla.safetensors", "--against", SearchScratch.checkpoint, "--observations",
      "observations", "--budget", "budget.json", "--products", "exact", "--work", "/tmp", "--json",
      in: search.scratch.path)
    #expect(gate.status == 0, "\(gate.error)")
    // What the search found is what the gate finds.
    let limit = try #require(document["search"]?.object?["limits"]?.array?.first?.object)
    let used = try #require(limit["found"]?.number)
    let judged = gate.json?["limits"]?.array?.first?.object
    let interval = try #require(judged?["interval"]?.array)
    let upper = try #require(interval.last?.number)
    #expect(abs(upper / 0.0012 - used) < 1e-6 * used, "\(upper) \(used)")
    // And all in 8 bits, which is smaller, does not pass.
    let int8 = try ScratchFolder()
    let uniform = try depthvla(
      "convert", "--depthvla", SearchScratch.checkpoint, "--precision", "int8", "-o", int8("b"))
    try #require(uniform.status == 0, "\(uniform.error)")
    let refused = try depthvla(
      "gate", int8("b"), "--against", SearchScratch.checkpoint, "--observations", "observations",
      "--budget", "budget.json", "--products", "exact", "--work", "/tmp", in: search.scratch.path)
    #expect(refused.status == 1, "\(refused.error)")
  }

  @Test func theRecipeGivesTheSameBundleWithoutASearch() throws {
    let (search, _) = try Self.found.get()
    let scratch = try ScratchFolder()
    let result = try depthvla(
      "convert", "--depthvla", SearchScratch.checkpoint, "--recipe",
      search.scratch("b.recipe.json"), "--calibration",
      search.scratch("b.calibration.safetensors"), "-o", scratch("again"))
    #expect(result.status == 0, "\(result.error)")
    #expect(
      try scratch.bytes(of: "again") == search.scratch.bytes(of: "b.dvla.safetensors"))
  }

  @Test func oneThreadFindsTheSame() throws {
    let search = try SearchScratch()
    let result = try search.search(["--threads", "1"])
    #expect(result.status == 0, "\(result.error)")
    #expect(try search.outputs == Self.found.get().search.outputs)
  }

  @Test func aSearchThatIsInterruptedGoesOn() throws {
    let search = try SearchScratch()
    let process = Command.process(search.arguments + ["--resume"], in: search.scratch.path)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try unblockingSignals { try process.run() }
    let work = ".b.dvla.safetensors.search"
    while process.isRunning, !(try search.scratch.entries.contains(work)) { usleep(2000) }
    // Some measurements further.
    usleep(300_000)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 130)
    #expect(try search.scratch.entries == [work] + SearchScratch.inputs)
    let result = try search.search(["--resume"])
    #expect(result.status == 0, "\(result.error)")
    #expect(try search.outputs == Self.found.get().search.outputs)
    #expect(
      try search.scratch.entries == (SearchScratch.outputs + SearchScratch.inputs).sorted())
  }

  /// Before each of the calls that give names.
  @Test(.enabled(if: FaultyCommand.library != nil, "needs cc, and a build without sanitizers"))
  func aProcessThatIsKilledLeavesNoBundleWithoutItsRecipe() throws {
    let search = try SearchScratch(count: 1, budget: SearchScratch.loose)
    let calls = "renameat2"
    let count = try FaultyCommand.callCount(
      search.arguments, in: search.scratch.path, calls: calls)
    let whole = try search.outputs
    #expect(count == 3)
    for number in 1...max(1, count) {
      for name in try search.scratch.entries where !SearchScratch.inputs.contains(name) {
        try search.scratch.remove(name)
      }
      let killed = try FaultyCommand.run(
        search.arguments, in: search.scratch.path, .signal(SIGKILL),
        at: FaultPlace(calls: calls, number: number))
      #expect(killed.status == -SIGKILL)
      let named = try search.scratch.entries.filter(SearchScratch.outputs.contains)
      #expect(named == Array(SearchScratch.inOrder.prefix(number - 1)).sorted())
    }
    // What is left is no obstacle to who says so.
    let again = try search.search(["--force"])
    #expect(again.status == 0, "\(again.error)")
    #expect(try search.outputs == whole)
  }

  // MARK: Refusals

  private func expectRefusal(
    _ search: SearchScratch, _ status: Int32, _ code: String, _ words: String,
    _ options: [String] = [], location: SourceLocation = #_sourceLocation
  ) throws {
    let entries = try search.scratch.entries
    let result = try search.search(options)
    #expect(result.status == status, "\(result.error)", sourceLocation: location)
    #expect(result.errorLines.count == 1 && result.output == "", sourceLocation: location)
    #expect(result.error.contains(words), "\(result.error)", sourceLocation: location)
    let json = try search.search(options + ["--json"]).json
    #expect(json?["error"]?.object?["code"]?.string == code, sourceLocation: location)
    #expect(try search.scratch.entries == entries, sourceLocation: location)
  }

  /// The sources are float32, so that even bfloat16 loses something.
  @Test func aBudgetThatNothingKeepsIsImpossible() throws {
    let gate = try GateScratch()
    try gate.scratch.write(
      SearchScratch.budget(#"{"measure": "action.max", "statistic": "worst", "at_most": 0}"#),
      to: "budget.json")
    let entries = try gate.scratch.entries
    let arguments = [
      "convert", "--depthvla", GateScratch.checkpoint, "-o", "b", "--tokenizer",
      PolicyCase.tokenizer, "--statistics", FixtureFolder.path("statistics/openpi-11-7.json"),
      "--robot", "robot.json", "--budget", "budget.json", "--observations", "observations",
      "--search-forwards", "8", "--resume",
    ]
    let result = try depthvla(arguments, in: gate.scratch.path)
    #expect(result.status == 1, "\(result.error)")
    #expect(result.errorLines.count == 1 && result.output == "")
    #expect(result.error.contains("the budget is exceeded even with"), "\(result.error)")
    // What was measured is kept, as asked.
    let work = try gate.scratch.entries.filter { !entries.contains($0) }
    #expect(work == [".b.search"])
    let json = try depthvla(arguments + ["--json"], in: gate.scratch.path).json
    #expect(json?["error"]?.object?["code"]?.string == "search.impossible")
    try gate.scratch.remove(".b.search")
    let plain = try depthvla(arguments.dropLast(), in: gate.scratch.path)
    #expect(plain.status == 1)
    #expect(try gate.scratch.entries == entries)
  }

  @Test(arguments: SearchScratch.outputs)
  func whatExistsIsRefusedBeforeTheSearch(name: String) throws {
    let search = try SearchScratch(count: 1)
    try search.scratch.write("precious", to: name)
    try expectRefusal(search, 73, "file.exists", name)
    #expect(try search.scratch.bytes(of: name) == Array("precious".utf8))
  }

  @Test(arguments: [
    "budget.json", "observations/observations.json", "b.dvla.safetensors",
    ".b.dvla.safetensors.search", "nowhere/x",
  ])
  func aRecipeInThePlaceOfAnotherFileIsRefused(path: String) throws {
    let search = try SearchScratch(count: 1)
    let isMissing = path.hasSuffix("nowhere/x")
    try expectRefusal(
      search, 73, isMissing ? "file.cannot-create" : "output.is-input", path,
      ["--recipe-out", path, "--force", "--resume"])
  }

  @Test(arguments: [
    (["--budget", "b"], "--budget FILE and --observations FOLDER go together"),
    (["--observations", "o"], "--budget FILE and --observations FOLDER go together"),
    (
      ["--budget", "b", "--observations", "o", "--precision", "int8"],
      "leave --precision and --recipe out"
    ),
    (
      ["--budget", "b", "--observations", "o", "--recipe", "r"],
      "leave --precision and --recipe out"
    ),
    (["--products", "exact"], "--products go with --budget"),
    (["--recipe-out", "r"], "--products go with --budget"),
    (["--budget", "b", "--observations", "o", "--search-forwards", "0"], "expected 1 to 1000000"),
    (["--budget", "b", "--observations", "o", "--products", "fast"], "'fast'"),
    (["--calibration", "c"], "--calibration goes with --recipe"),
  ])
  func usage(options: [String], words: String) throws {
    let result = try depthvla(
      ["convert", "--depthvla", SearchScratch.checkpoint, "-o", "/nowhere/b"] + options)
    #expect(result.status == 64, "\(result.error)")
    #expect(result.errorLines.count == 1 && result.error.contains(words), "\(result.error)")
  }
}
