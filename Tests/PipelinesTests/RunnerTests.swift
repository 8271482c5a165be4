import DVLADiagnostics
import DVLAPipelines
import DVLATestSupport
import Testing

/// Runs from files to files, as a program without the command makes them.
struct RunnerTests {
  private func observation(_ robot: PolicyBundle) throws -> PolicyRunner.Observation {
    let state = "[" + robot.state.map { "\($0)" }.joined(separator: ", ") + "]"
    return PolicyRunner.Observation(
      images: ["grey8.png", "baseline-420.jpg"].map { FixtureFolder.path("images/" + $0) },
      instruction: "pick up the red cup", state: try robot.scratch.write(state, to: "state.json"))
  }

  @Test func aPolicyRunWritesItsDocumentAndDepth() throws {
    let robot = try PolicyBundle()
    let observation = try observation(robot)
    var options = PolicyRunner.Options()
    options.noise = .seed(5)
    let before = try robot.scratch.entries
    let runner = PolicyRunner(robot.bundle, options: options)
    #expect(try robot.scratch.entries == before)
    var parts: [Int] = []
    let run = try runner.run(
      on: observation,
      writing: PolicyRunner.Outputs(
        actions: robot.scratch("chunk.json"),
        depth: [DepthOutput(.raw, path: robot.scratch("depth"))])
    ) { done, total in
      parts.append(done)
      #expect(done <= total)
    }
    #expect(parts == Array(1...parts.count) && !parts.isEmpty)
    #expect(Bits(run.chunk) == (try robot.act(try robot.policy())))
    #expect(try robot.scratch.bytes(of: "chunk.json") == Array(ActionDocument(run).text.utf8))
    for (index, camera) in run.cameras.enumerated() {
      #expect(camera.outputs == [robot.scratch("depth/camera\(index).npy")])
      #expect(
        try robot.scratch.bytes(of: "depth/camera\(index).npy") == run.chunk.depth[index].npy)
    }
    // One that is asked for nothing computes the same and writes nothing.
    let entries = try robot.scratch.entries
    let silent = try runner.run(on: observation)
    #expect(Bits(silent.chunk) == Bits(run.chunk))
    #expect(try robot.scratch.entries == entries)
  }

  @Test func depthOfAPolicyWithoutDepthIsRefusedBeforeAnythingIsWritten() throws {
    let robot = try PolicyBundle("pi0/openpi")
    let observation = try observation(robot)
    let before = try robot.scratch.entries
    #expect(throws: WeightsError(.runNoDepth, .usage, "")) {
      try PolicyRunner(robot.bundle).run(
        on: observation,
        writing: PolicyRunner.Outputs(
          actions: robot.scratch("chunk.json"),
          depth: [DepthOutput(.raw, path: robot.scratch("depth"))]))
    }
    #expect(try robot.scratch.entries == before)
  }

  @Test func aPolicyIsNoModelOfDepth() throws {
    let robot = try PolicyBundle("pi0/openpi")
    #expect(throws: WeightsError(.runFamily, .usage, "")) { try DepthRunner(robot.bundle) }
  }
}
