import DVLADiagnostics
import DVLAModels
import DVLAParallelism
import DVLAPipelines
import DVLAQuantization
import DVLATensorMath
import DVLATensors
import DVLATestSupport
import Foundation
import Synchronization
import Testing

struct RobotPolicyTests {
  @Test(arguments: ["depthvla/plain", "depthvla/registers", "pi0/openpi"])
  func everyWayOfLoadingGivesTheSameBits(_ checkpoint: String) throws {
    let robot = try PolicyBundle(checkpoint)
    let expected = try robot.act(try robot.policy())
    #expect(expected.actions.count == 56)
    #expect(expected.depth.map(\.count) == (checkpoint.hasPrefix("pi0") ? [] : [143, 567]))
    for threads in 1...3 {
      #expect(try robot.act(try robot.policy(threads: threads)) == expected)
      for kept in [DepthVLA.KeptLayers.allButEncoders, .experts] {
        let lean = try robot.policy(.only(kept), threads: threads)
        for _ in 0..<2 { #expect(try robot.act(lean) == expected, "\(kept), \(threads)") }
      }
      for loaders in 1...3 {
        let policy = try robot.policy(.streaming(threads: loaders), threads: threads)
        // The second chunk finds everything loaded.
        for _ in 0..<2 { #expect(try robot.act(policy) == expected, "\(loaders), \(threads)") }
      }
    }
  }

  @Test(arguments: [Precision.bf16, .int8])
  func nativeProductsGiveTheSameBitsOnAnyNumberOfThreads(_ precision: Precision) throws {
    let robot = try PolicyBundle(precision: precision)
    let policy = try robot.policy(products: .native)
    #expect(policy.products.bf16 == .native)
    #expect(policy.products.int8 == (precision == .int8 ? .native : .exact))
    let expected = try robot.act(policy)
    #expect(try robot.act(try robot.policy(products: .exact)) != expected)
    for threads in 2...3 {
      let found = try robot.policy(
        products: .native, .streaming(threads: threads), threads: threads)
      #expect(try robot.act(found) == expected, "\(threads)")
    }
  }

  @Test func weightsThatLostNothingAreMultipliedExactly() throws {
    #expect(try PolicyBundle().policy().products == ProductChoice(.exact))
  }

  @Test func onePolicyActsOnManyInstructions() throws {
    let robot = try PolicyBundle()
    let instructions = ["pick up the red cup", "", "open the drawer", "öffne die Schublade"]
    let expected = try instructions.map { try robot.act(try robot.policy(), $0) }
    for (index, chunk) in expected.enumerated() {
      for other in expected[..<index] { #expect(chunk.actions != other.actions) }
      // What the depth expert sees are pictures alone.
      #expect(chunk.depth == expected[0].depth)
    }
    let policy = try robot.policy(.streaming(threads: 2))
    for index in [0, 2, 1, 3, 3, 0] {
      #expect(try robot.act(policy, instructions[index]) == expected[index])
    }
    // A refusal leaves it as it was.
    #expect(throws: WeightsError.self) { try robot.act(policy, "<bos>") }
    #expect(try robot.act(policy) == expected[0])
  }

  @Test func depthIsLeftOutWhereItIsNotAskedFor() throws {
    let robot = try PolicyBundle()
    let expected = try robot.act(try robot.policy())
    var options = SamplingOptions()
    options.wantsDepth = false
    let silent = try robot.act(try robot.policy(), options: options)
    #expect(silent.depth.isEmpty && silent.actions == expected.actions)
    // Without the expert the actions see something else.
    let without = try robot.policy(usesDepth: false)
    #expect(without.configuration.depth == nil)
    let other = try robot.act(without)
    #expect(other.depth.isEmpty && other.actions != expected.actions)
  }

  @Test func aChunkSaysWhatWasDoneInItsOrder() throws {
    let robot = try PolicyBundle()
    let policy = try robot.policy()
    var options = SamplingOptions()
    options.steps = 3
    let instruction = "open the drawer, then close it"
    let chunk = try policy.act(
      on: robot.pictures, instruction: instruction, state: robot.state, noise: robot.noise,
      options: options)
    #expect(
      chunk.timing.map(\.part) == [
        .prepare, .forward(.vision), .forward(.depthEncoder), .forward(.vlmLayers),
        .forward(.depthLayers), .forward(.step(0)), .forward(.step(1)), .forward(.step(2)),
      ])
    #expect(chunk.timing.allSatisfy { $0.seconds >= 0 })
    #expect(chunk.tokenCount == 19)
    #expect(try policy.tokens(of: instruction).count == 19)
    #expect(!chunk.isInRobotUnits && !chunk.isStateNormalized)
    #expect(chunk.actions.flatMap(\.self) == chunk.normalized.values.map(Double.init))
  }

  /// Whoever ends a policy may do so at any time: what was being waited for comes or is cancelled.
  @Test func aPolicyMayBeEndedAtAnyTime() throws {
    let robot = try PolicyBundle()
    let expected = try robot.act(try robot.policy())
    var cancelled = 0
    for round in 0..<30 {
      let policy = try robot.policy(.streaming(threads: 1 + round % 3))
      let ended = DispatchSemaphore(value: 0)
      if round < 15 {
        policy.end()
        ended.signal()
      } else {
        Thread.detachNewThread {
          usleep(useconds_t((round - 15) * 200))
          policy.end()
          ended.signal()
        }
      }
      do throws(WeightsError) {
        #expect(try robot.act(policy) == expected)
      } catch {
        #expect(error.code == .taskCancelled, "\(error)")
        #expect(error.file == robot.scratch("b"))
        cancelled += 1
      }
      ended.wait()
      policy.end()
    }
    // Not every one can have been loaded before it was ended.
    #expect(cancelled > 0)
  }

  @Test func aPolicyThatWasLoadedFirstHasNothingToEnd() throws {
    let robot = try PolicyBundle()
    let policy = try robot.policy()
    let expected = try robot.act(policy)
    policy.end()
    #expect(try robot.act(policy) == expected)
  }

  /// Threads that are still loading end with it.
  @Test func aPolicyMayBeDroppedBeforeItIsLoaded() throws {
    let robot = try PolicyBundle()
    weak var dropped: RobotPolicy?
    let before = try Self.threadCount
    for round in 0..<20 {
      do {
        let policy = try robot.policy(.streaming(threads: 16))
        dropped = policy
        #expect(dropped != nil)
        if round % 4 == 3 { _ = try robot.act(policy) }
      }
      #expect(dropped == nil)
    }
    // Other tests have threads of their own, but not as many as these would be.
    #expect(try Self.threadCount < before + 160)
  }

  private static var threadCount: Int {
    get throws { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
  }

  @Test func bundlesOfOtherFamiliesAreRefused() throws {
    let pi0 = try PolicyBundle("pi0/openpi")
    let noDepth = #expect(throws: WeightsError.self) { try pi0.policy(usesDepth: false) }
    #expect(noDepth?.code == .policyNoDepth && noDepth?.kind == .usage)
    let dinov2 = try PolicyBundle("dinov2/hf")
    let family = #expect(throws: WeightsError.self) { try dinov2.policy() }
    #expect(family?.code == .policyFamily && family?.message.contains("\"dinov2\"") == true)
    let none = #expect(throws: WeightsError.self) {
      try pi0.policy().act(on: [], instruction: "", state: pi0.state, noise: pi0.noise)
    }
    #expect(none?.code == .policyNoImage)
  }
}
