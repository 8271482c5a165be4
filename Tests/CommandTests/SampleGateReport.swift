import DVLADrift
import DVLAGates
import DVLAImages
import DVLATensors
import DVLATestSupport
import Foundation
import Testing

@testable import DepthVLAWeights

/// A report with the numbers of a whole policy, which no fixture is large enough to give.
struct SampleGateReport {
  var dimensions = 7
  var steps = 50
  var observations = 8
  var seeds = 2
  var hasDepth = true
  var hasSeconds = true
  /// Whether a layer's scale is wrong, so that drift begins in it and limits break.
  var isBroken = true
  /// Put into every name that comes from a file.
  var hostile = ""
  var causes: [GateReport.Cause] = []
  var everyMeasure = false
  /// In place of those of the whole policy.
  var chosen: [Judgement]?
  /// How far the reference is from the demonstrated actions, in standard deviations.
  var demonstrationL1 = 0.211

  var report: GateReport {
    get throws {
      GateReport(
        candidate: subject("policy-int8", "INT8 per channel", 3_912_000_000, load: 4.2, act: 1.31),
        reference: subject("policy-bf16", "BF16", 7_634_000_000, load: 7.9, act: 2.44),
        budget: Budget(
          leastObservations: min(8, observations),
          grippers: [Budget.Gripper(dimension: dimensions - 1, threshold: 0)],
          limits: judgements.map(\.limit)),
        budgetPath: "budgets/libero" + hostile + ".json", budgetDigest: digest(3),
        observationsPath: "recordings/kitchen" + hostile, observationsDigest: digest(4),
        observations: (0..<observations).map { (file($0), instruction($0)) }, seedCount: seeds,
        deviationOrigin: "the statistics of the reference (libero" + hostile + ")",
        judgements: judgements,
        inapplicable: hasDepth
          ? []
          : [BudgetLimit(.depthAbsRel, .mean, bound: 0.05, why: "What a depth camera errs by.")],
        causes: causes,
        samples: (0..<observations).flatMap { observation in
          (0..<seeds).map { sample(observation, $0) }
        },
        depth: hasDepth
          ? try (0..<min(3, observations)).map(depth) : [],
        stages: stages, firstDrift: isBroken ? "vlm.layer.7.mlp" : nil, depthDrifts: [],
        weights: weights,
        equalTensorCount: 413,
        goldens: [("goldens/first" + hostile + ".safetensors", digest(5))])
    }
  }

  private func digest(_ seed: Int) -> String {
    String(repeating: ["7c068885", "ba5eba11", "0ddba115", "facade42"][seed % 4], count: 8)
  }

  private func file(_ index: Int) -> String {
    "00000\(index)" + hostile + ".safetensors"
  }

  private func instruction(_ index: Int) -> String {
    [
      "pick up the black bowl and place it on the plate", "open the top drawer",
      "turn on the stove and put the moka pot on it",
    ][index % 3] + hostile
  }

  private func subject(
    _ name: String, _ precision: String, _ byteCount: Int, load: Double, act: Double
  ) -> GateReport.Subject {
    GateReport.Subject(
      path: "models/" + name + hostile + ".dvla.safetensors",
      family: hasDepth ? "depthvla" : "pi0", root: digest(0), sha256: digest(1),
      byteCount: byteCount, precision: precision, products: "native (bf16 avx512, int8 vnni)",
      signature: (digest(2), 4),
      sources: [
        ("checkpoints/pi0_libero/model-00001-of-00002.safetensors", digest(2)),
        ("checkpoints/pi0_libero/model-00002-of-00002.safetensors", digest(3)),
      ], tool: "depthvla 0.1.0", seconds: hasSeconds ? (load, act) : nil)
  }

  // MARK: Actions

  private func action(_ observation: Int, _ step: Int, _ dimension: Int) -> Double {
    let phase = Double(step) / 50 * 6 + Double(dimension) * 1.3 + Double(observation) * 0.7
    if dimension == dimensions - 1 { return sin(phase * 0.5) > 0 ? 1 : -1 }
    return (dimension < 3 ? 0.4 : 0.12) * sin(phase) + 0.02 * Double(dimension)
  }

  private func sample(_ observation: Int, _ seed: Int) -> GateReport.Sample {
    let size = (isBroken ? 0.03 : 0.003) * Double(1 + (observation * 3 + seed) % 5)
    var reference: [[Double]] = []
    var candidate: [[Double]] = []
    for step in 0..<steps {
      let wanted = (0..<dimensions).map { action(observation, step, $0) }
      reference.append(wanted)
      candidate.append(
        wanted.indices.map { dimension in
          // Above eight, dimensions are padding, which no model changes.
          guard dimension < 8 || dimension == dimensions - 1 else { return wanted[dimension] }
          if dimension == dimensions - 1 {
            let late = action(observation, step - 2, dimension)
            return isBroken && observation == 3 ? late : wanted[dimension]
          }
          let wobble = sin(Double(step) * 0.37 + Double(dimension)) + 0.5
          return wanted[dimension] + (dimension < 3 ? 1 : 0.3) * size * wobble * Double(step + 5)
            / Double(steps)
        })
    }
    return GateReport.Sample(
      observation: observation, seed: seed, reference: reference, candidate: candidate,
      demonstrated: seed == 0
        ? (0..<steps).map { step in
          (0..<dimensions).map { action(observation, step, $0) + 0.01 * sin(Double(step)) }
        } : nil,
      drift: ActionDrift(
        reference: reference, candidate: candidate, deviations: deviations,
        grippers: [(dimensions - 1, 0)]),
      demonstrationL1: seed == 0
        ? GateReport.ModelPair(
          reference: demonstrationL1, candidate: demonstrationL1 + (isBroken ? 0.032 : 0.001))
        : nil,
      flowLoss: seed == 0
        ? GateReport.ModelPair(reference: 0.0713, candidate: isBroken ? 0.0822 : 0.0715) : nil)
  }

  private var deviations: [Double] {
    (0..<dimensions).map { dimension in
      dimension == dimensions - 1 ? 0.95 : dimension < 3 ? 0.31 : dimension < 8 ? 0.09 : 0
    }
  }

  // MARK: Depth

  /// A table before a wall, whose edge the candidate blurs.
  private func depth(_ index: Int) throws -> GateReport.DepthSample {
    let (height, width) = (224, 224)
    var (reference, candidate): ([Float], [Float]) = ([], [])
    for row in 0..<height {
      for column in 0..<width {
        let (x, y) = (Float(column) / Float(width), Float(row) / Float(height))
        let isTable = y > 0.55 + 0.1 * Float(index)
        let isCup = (x - 0.6) * (x - 0.6) + (y - 0.55) * (y - 0.55) < 0.02
        let depth: Float = isCup ? 0.6 : isTable ? 1.3 - 0.6 * y : 1.8 + 0.2 * x
        reference.append(depth)
        let blur = isBroken ? 0.05 * sin(30 * x) * (isCup ? 2 : 1) : 0.002 * sin(30 * x)
        candidate.append(depth * (1 + blur))
      }
    }
    let maps = (
      Tensor(reference, shape: [height, width]), Tensor(candidate, shape: [height, width])
    )
    return GateReport.DepthSample(
      observation: index,
      camera: ["base_0_rgb", "left_wrist_0_rgb", "right_wrist"][index % 3] + hostile,
      picture: try ImageFile.decode(FixtureFolder.bytes("scene/kitchen.png")),
      reference: maps.0, candidate: maps.1,
      drift: try #require(DepthDrift(reference: maps.0, candidate: maps.1)))
  }

  // MARK: Inside the model

  private var stages: [StageDrift] {
    func stage(_ name: String, _ sqnr: Double?) -> StageDrift {
      let worst = sqnr.map { $0 - 2.5 } ?? DriftSums.greatestSQNR
      let other = sqnr.map { $0 + 2.5 } ?? DriftSums.greatestSQNR
      return StageDrift(
        name: name, sqnrs: [worst, other],
        cosines: sqnr.map { [1 - pow(10, -$0 / 10) / 2] } ?? [1])
    }
    var stages = [stage("vision.embeddings", nil)]
    func layers(
      _ prefix: String, _ count: Int, from first: Double, to last: Double, drift: Int? = nil
    ) {
      for layer in 0..<count {
        var sqnr = first + (last - first) * Double(layer) / Double(max(1, count - 1))
        sqnr += 0.8 * sin(Double(layer) * 1.9)
        if isBroken, let drift, layer >= drift { sqnr -= 12 }
        for part in [".attention", ".mlp", ""] {
          stages.append(stage("\(prefix).layer.\(layer)\(part)", sqnr - (part.isEmpty ? 0 : 1)))
        }
      }
    }
    layers("vision", 27, from: 46, to: 38)
    stages.append(stage("projector", 37))
    layers("vlm", 18, from: 37, to: 33, drift: 7)
    if hasDepth {
      stages.append(stage("depth.encoder.embeddings", nil))
      layers("depth.encoder", 24, from: 48, to: 36)
      layers("depth", 18, from: 36, to: 30)
      stages.append(stage("log_depth", 31))
    }
    layers("action", 18, from: 34, to: 29, drift: 8)
    for step in 0..<10 { stages.append(stage("step.\(step).velocity", 30 - Double(step) * 0.2)) }
    return stages
  }

  private var weights: [WeightDrift] {
    (0..<126).map { index in
      let isWrong = isBroken && index == 0
      let name =
        isWrong
        ? "vlm.layers.7.mlp.down_proj.weight"
        : [
          "vlm.layers.\(index % 18).self_attn.q_proj.weight",
          "action.layers.\(index % 18).mlp.up_proj.weight",
        ][index % 2]
      return WeightDrift(
        name: name + hostile, stored: "I8 [2048, 16384], per channel",
        sqnr: isWrong ? 36.2 : 40.3 + Double(index) * 0.02,
        gain: isWrong ? 1.01 : 1 + 1e-6 * Double(index),
        maximumAbsolute: 0.0021 / Double(index + 1))
    }
  }

  // MARK: Limits

  private var judgements: [Judgement] {
    if let chosen { return chosen }
    func judge(
      _ measure: Measure, _ statistic: BudgetLimit.Statistic, _ bound: Double, good: Double,
      bad: Double, _ why: String, place: String = "seed 1, dimension 2", dimension: Int? = nil,
      steps: Int? = nil
    ) -> Judgement {
      let found = isBroken ? bad : good
      let isMean = statistic == .mean
      return Judgement(
        limit: BudgetLimit(
          measure, statistic, bound: bound, dimension: dimension, steps: steps, why: why + hostile),
        found: found,
        interval: isMean ? Judgement.Interval(low: found * 0.8, high: found * 1.15) : nil,
        sampleCount: observations * seeds, place: file(min(3, observations - 1)) + ", " + place)
    }
    var all = [
      judge(
        .actionMaximumOfDeviation, .worst, 0.25, good: 0.061, bad: 2.11,
        "Above a quarter of a standard deviation, tasks of LIBERO begin to fail.",
        place: "seed 0, dimension 6"),
      judge(
        .actionRMSOfDeviation, .mean, 0.05, good: 0.012, bad: 0.17,
        "What two runs of training differ by."),
      judge(
        .gripperFlips, .worst, 0, good: 0, bad: 2,
        "A gripper that opens early drops what it holds.", place: "seed 0, gripper 0"),
      judge(
        .actionMaximum, .percentile(95), 0.02, good: 0.008, bad: 0.013,
        "Two centimetres, the width of a handle.", dimension: 2, steps: 10),
      judge(
        .flowLossRise, .mean, 0.05, good: 0.003, bad: 0.041,
        "A twentieth of the loss at the end of training.", place: "no noise"),
      judge(
        .stageCosine, .worst, 0.99, good: 0.9997, bad: 0.9931, "Directions carry the meaning.",
        place: "action.layer.17"),
      judge(
        .stageSQNR, .worst, 15, good: 27.1, bad: 16.2, "A fifth of the signal.",
        place: "action.layer.17"),
    ]
    if hasDepth {
      all += [
        judge(
          .depthAbsRel, .mean, 0.05, good: 0.001, bad: 0.034, "What a depth camera errs by.",
          place: "camera base_0_rgb"),
        judge(
          .depthDelta, .worst, 0.95, good: 1, bad: 0.991, "As papers on depth report it.",
          place: "camera base_0_rgb"),
      ]
    }
    if everyMeasure {
      for (index, measure) in Measure.allCases.enumerated() {
        let values = [Double.nan, .infinity, -.infinity, -0.5, 1e-9, 1e12]
        all.append(
          judge(
            measure, .percentile(99.5), 0.5, good: 0.5, bad: values[index % values.count],
            "Because."))
      }
    }
    return all
  }
}
