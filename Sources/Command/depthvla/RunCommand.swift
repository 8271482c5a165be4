import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLAFamilies
import DVLAImages
import DVLAJSON
import DVLAObservations
import DVLAPipelines
import DepthVLAWeights

/// `depthvla run`.
struct RunCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a bundle: actions for a robot, or depth maps of pictures.",
    usage: """
      depthvla run <bundle> --image <path> ... [<options>]
      depthvla run <bundle> --replay <folder> [<options>]
      """,
    discussion: """
      Examples:
        depthvla run robot.dvla.safetensors --image base.png --image wrist.png \\
          --instruction "pick up the cup" --state state.json \\
          --actions chunk.json -o depth
        depthvla run robot.dvla.safetensors --replay recordings
        depthvla run depth.dvla.safetensors --image kitchen.jpg -o kitchen-depth.png
        depthvla run depth.dvla.safetensors --image photos \\
          --png16 labels --raw values

      DepthVLA and pi0 need one picture per camera, in the order of training, an instruction and \
      a state. They compute a chunk of actions; DepthVLA also computes a depth map per camera. \
      Omit a camera that is missing. With one camera, -o, --png16 and --raw are files; with \
      several they are folders that hold camera0, camera1 and so on.

      --replay answers observations again that serve --record kept, with the noise, steps, mask and \
      products of the recording, and compares actions and depth bit for bit. The exit status is 1 \
      if any differ.

      Depth Anything V2 needs one picture, or a folder of .png, .jpg and .jpeg files. For a \
      folder the outputs are folders with files of the same names.

      16-bit values of relative depth span the range from the smallest to the largest depth. \
      Those of a metric model are millimetres, or 1/256 m if its range exceeds 65 m, or larger \
      steps if it exceeds 255 m. The file and the report state the unit.
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @OptionGroup(title: "Pictures") var pictures: Pictures
  @OptionGroup(title: "DepthVLA and pi0") var policy: PolicyOptions
  @OptionGroup(title: "DepthVLA and pi0") var replay: Replay
  @OptionGroup(title: "Depth") var depth: DepthOptions
  @OptionGroup(title: "Running") var products: ProductOptions
  @OptionGroup(title: "Running") var running: Running
  @OptionGroup(title: "Trust") var trust: TrustOptions
  @OptionGroup var output: OutputOptions

  struct Pictures: ParsableArguments {
    @Option(
      parsing: .upToNextOption,
      help: ArgumentHelp(
        "PNG or JPEG files, one per camera. For Depth Anything: one file, or a folder.",
        valueName: "path"))
    var image: [String] = []
  }

  struct Replay: ParsableArguments {
    @Option(
      name: .customLong("replay"),
      help: ArgumentHelp(
        "Answer recorded observations again, and compare with the recorded answers.",
        valueName: "folder"))
    var folder: String?
  }

  /// How the bundle is read and the outputs are written.
  struct Running: ParsableArguments {
    @Flag(
      help: """
        Map the tensors of a bundle made with --store instead of reading them. The file must not \
        be modified during the run.
        """)
    var map = false

    @Flag(help: "Replace outputs that exist.")
    var force = false
  }

  func validate() throws {
    guard replay.folder != nil else {
      if pictures.image.isEmpty {
        throw ValidationError("expected --image PATH or --replay FOLDER")
      }
      return
    }
    let other =
      pictures.image.isEmpty
      ? policy.firstOfRecording ?? depth.first ?? (running.force ? "--force" : nil) : "--image"
    if let other {
      throw ValidationError(
        "--replay takes everything from the recording and writes nothing: \(other) does not go with it"
      )
    }
  }

  func run() throws {
    let start = ContinuousClock.now
    try InputsOfCommand(trust.inputs(ofBundle: bundle))
      .protect(
        from: [policy.actions, depth.picture, depth.png16, depth.raw], replacingFolders: true)
    let opened = try WeightBundle(
      path: bundle, trust: try trust.policy(), signatureFile: trust.signature, mapping: running.map)
    switch Family(rawValue: opened.documents.family) {
    case .depthvla, .pi0:
      if let folder = replay.folder {
        try replay(opened, folder, since: start)
      } else {
        try act(opened, since: start)
      }
    case .depthAnythingV2: try estimateDepth(opened)
    case .paligemma, .dinov2, nil:
      throw WeightsError(
        .runFamily, .usage, file: bundle,
        "only depthvla, pi0 and depth-anything-v2 bundles can be run; this is "
          + opened.documents.family.quoted)
    }
  }

  private func act(_ bundle: WeightBundle, since start: ContinuousClock.Instant) throws {
    if let name = depth.firstOfDepthAnythingAlone {
      throw WeightsError(
        .commandUsage, .usage,
        "\(name) is for Depth Anything; \(bundle.path) is a \(bundle.documents.family) bundle")
    }
    guard policy.instruction?.unicodeScalars.contains("\u{FFFD}") != true else {
      throw WeightsError(.commandUsage, .usage, "--instruction: expected text in UTF-8")
    }
    guard let instruction = policy.instruction, let state = policy.state else {
      throw WeightsError(
        .commandUsage, .usage, file: bundle.path,
        "a \(bundle.documents.family) bundle needs "
          + (policy.instruction == nil ? "--instruction TEXT" : "--state FILE"))
    }
    var options = policy.options
    options.products = products.products
    options.overwrite = running.force
    options.threads = output.threadCount
    options.start = start
    let line = output.progress()
    defer { line?.finish() }
    let run = try PolicyRunner(bundle, options: options).run(
      on: PolicyRunner.Observation(
        images: pictures.image, instruction: instruction, state: state),
      writing: PolicyRunner.Outputs(actions: policy.actions, depth: depth.outputs)
    ) { line?.update("act", done: $0, of: $1, noun: "parts of the forward") }
    line?.finish()
    let report = PolicyReport(run, bundle: bundle.path)
    try output.write(report.json, words: report.words(actionsFile: policy.actions))
  }

  private func replay(
    _ bundle: WeightBundle, _ folder: String, since start: ContinuousClock.Instant
  ) throws {
    var options = ReplayRunner.Options()
    options.products = products.products
    options.keepsPrefix = !policy.uncached
    options.loadsFirst = policy.loadFirst
    options.threads = output.threadCount
    options.start = start
    let line = output.progress()
    defer { line?.finish() }
    let run = try ReplayRunner(bundle, options: options).run(
      on: ObservationFolder(path: folder)
    ) { line?.update("replay", done: $0, of: $1, noun: "observations") }
    line?.finish()
    let report = ReplayReport(run, bundle: bundle.path, folder: folder)
    try output.write(report.json, words: report.words)
    if !run.isEqual { throw ExitCode(WeightsError.Kind.checkFailed.rawValue) }
  }

  private func estimateDepth(_ bundle: WeightBundle) throws {
    if let name = replay.folder == nil ? policy.first : "--replay" {
      throw WeightsError(
        .commandUsage, .usage,
        "\(name) is for policies; \(bundle.path) is a \(bundle.documents.family) bundle")
    }
    guard pictures.image.count == 1 else {
      throw WeightsError(
        .commandUsage, .usage,
        "a depth-anything-v2 bundle needs one picture, or one folder of pictures; "
          + "\(pictures.image.count) were given")
    }
    guard !depth.outputs.isEmpty else {
      throw WeightsError(.commandUsage, .usage, "give at least one of -o, --png16 and --raw")
    }
    var options = DepthRunner.Options()
    options.inputSize = depth.inputSize
    options.products = products.products
    options.skipsDamaged = depth.skipDamaged
    options.overwrite = running.force
    options.threads = output.threadCount
    let line = output.progress()
    defer { line?.finish() }
    let run = try DepthRunner(bundle, options: options)
      .run(on: pictures.image[0], writing: depth.outputs) {
        line?.update("depth", done: $0, of: $1, noun: "pictures")
      }
    line?.finish()
    let report = DepthReport(run, bundle: bundle.path)
    try output.write(report.json, words: report.words(showsScale: depth.png16 != nil))
  }
}
