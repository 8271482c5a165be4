import DVLAImages
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

/// The files and the documents that a policy's run leaves.
struct PolicyOutputTests {
  /// The one numbers of the other, as the forms say.
  private func expectSame(
    raw: [UInt8], grey: [UInt8], colours: [UInt8], height: Int, width: Int
  ) throws {
    let depth = floatArray(raw)
    #expect(depth.count == height * width)
    let (least, greatest) = (try #require(depth.min()), try #require(depth.max()))
    let picture = try Grey16Picture(grey)
    #expect(picture.height == height && picture.width == width)
    #expect(
      picture.values
        == depth.map { value in
          Int(
            ((Double(value) - Double(least)) / (Double(greatest) - Double(least)) * 65535).rounded()
          )
        })
    let map = Tensor(depth, shape: [height, width])
    #expect(try ImageFile.decode(colours) == ColourMap.spectralReversed.picture(of: map))
  }

  @Test func depthOfOneCameraIsFiles() throws {
    let bundle = try PolicyScratch("one-camera")
    try bundle.run("-o", bundle("c.png"), "--png16", bundle("g.png"), "--raw", bundle("r.npy"))
    #expect(try bundle.scratch.entries == ["b", "c.png", "g.png", "r.npy", "s.json"])
    let bytes = bundle.scratch.bytes(of:)
    try expectSame(
      raw: bytes("r.npy"), grey: bytes("g.png"), colours: bytes("c.png"), height: 11, width: 13)
  }

  @Test func anOutputInsideAFolderThatIsReplacedIsRefused() throws {
    let bundle = try PolicyScratch("two-cameras")
    try bundle.run("-o", bundle("c"))
    let result = try depthvla(
      bundle.arguments + ["-o", bundle("c"), "--actions", bundle("c/chunk.json"), "--force"])
    #expect(result.status == 64)
    #expect(result.error.contains("lies in the output"))
    #expect(try ScratchFolder.names(in: bundle("c")) == ["camera0.png", "camera1.png"])
  }

  @Test func depthOfSeveralCamerasIsFolders() throws {
    let bundle = try PolicyScratch("two-cameras")
    try bundle.run("-o", bundle("c"), "--png16", bundle("g"), "--raw", bundle("r"))
    #expect(try bundle.scratch.entries == ["b", "c", "g", "r", "s.json"])
    for (folder, suffix) in [("c", ".png"), ("g", ".png"), ("r", ".npy")] {
      #expect(
        try ScratchFolder.names(in: bundle(folder)) == ["camera0" + suffix, "camera1" + suffix])
    }
    let bytes = bundle.scratch.bytes(of:)
    for (name, height, width) in [("camera0", 11, 13), ("camera1", 21, 27)] {
      try expectSame(
        raw: bytes("r/\(name).npy"), grey: bytes("g/\(name).png"), colours: bytes("c/\(name).png"),
        height: height, width: width)
    }
  }

  @Test(arguments: ["one-camera", "two-cameras", "pi0"])
  func theDocumentHasWhatTheDocumentationSays(_ name: String) throws {
    let bundle = try PolicyScratch(name)
    let policy = bundle.policy
    let result = try bundle.run("--json", "--actions", bundle("chunk.json"))
    let document = try #require(result.json)
    let file = try #require(
      try StrictJSON.parse(try bundle.scratch.bytes(of: "chunk.json")).object)
    let names = [
      "family", "root", "units", "state_normalized", "normalization", "model_state",
      "processing", "noise", "steps", "mask",
      "products", "prompt_tokens", "actions", "model_actions", "cameras",
    ]
    #expect(file.members.map(\.key) == names)
    #expect(document.members.map(\.key) == ["bundle"] + names + ["seconds"])
    for name in names { #expect(file[name] == document[name], "\(name)") }
    #expect(document["bundle"]?.string == bundle("b"))
    #expect(document["family"]?.string == policy.checkpoint.family)
    #expect(document["root"]?.string?.utf8.count == 64)
    #expect(document["noise"] == ["file": .string(PolicyCase.noise)])
    for camera in (document["cameras"]?.array ?? []).compactMap(\.object) {
      #expect(
        camera.members.map(\.key) == [
          "path", "height", "width", "depth_minimum", "depth_maximum", "outputs",
        ])
      #expect((camera["depth_minimum"] == .null) == !policy.hasDepth)
      #expect((camera["depth_maximum"] == .null) == !policy.hasDepth)
      #expect(camera["outputs"] == [])
    }
    let parts =
      ["load", "read", "prepare", "vision"] + (policy.hasDepth ? ["depth_encoder"] : [])
      + ["vlm_layers"] + (policy.hasDepth ? ["depth_layers"] : [])
      + (0..<10).map { "step_\($0)" } + ["write", "depth_expert", "forward", "first_action"]
    let seconds = try #require(document["seconds"]?.object)
    #expect(seconds.members.map(\.key) == parts)
    #expect(seconds.members.allSatisfy { ($0.value.number ?? -1) >= 0 })
  }

  /// What is read on a terminal of 80 columns.
  @Test(arguments: ["one-camera", "two-cameras", "pi0", "no-depth"])
  func wordsFitATerminal(_ name: String) throws {
    let bundle = try PolicyScratch(name)
    let policy = bundle.policy
    let result = try bundle.run()
    let lines = result.output.split(separator: "\n").map(String.init)
    let width = policy.actions[0].count
    let units = policy.statistics == nil ? "in the model's units" : "in the robot's units"
    #expect(lines.first == "8 actions of \(width) numbers, \(units)")
    #expect(lines.contains { $0.hasPrefix("no statistics of ") } == (policy.statistics == nil))
    #expect(lines.count { $0.hasPrefix("camera ") } == policy.pictures.count)
    #expect(lines.contains { $0.hasPrefix("\(policy.options.contains("4") ? 4 : 10) steps ") })
    #expect(lines.last?.contains("% of the forward") == policy.hasDepth)
    #expect(
      lines.count { $0.hasSuffix(", larger is further") }
        == (policy.hasDepth ? policy.pictures.count : 0))
    // A path is as long as it is.
    for line in lines where !line.contains("/") { #expect(line.count <= 80, "\(line)") }
  }

  @Test func whatExistsIsKeptWithoutForce() throws {
    let bundle = try PolicyScratch("one-camera")
    let outputs = ["-o", "--png16", "--raw", "--actions"]
    for output in outputs {
      try bundle.scratch.write("precious", to: "there")
      let others = outputs.filter { $0 != output }.flatMap { [$0, bundle("new" + $0)] }
      let refused = try depthvla(bundle.arguments + others + [output, bundle("there")])
      #expect(refused.status == 73 && refused.errorLines.count == 1, "\(refused.error)")
      #expect(refused.error.contains("there: already exists"))
      #expect(try bundle.scratch.entries == ["b", "s.json", "there"])
      #expect(try bundle.scratch.bytes(of: "there") == Array("precious".utf8))
      try bundle.run(output, bundle("there"), "--force")
      #expect(try bundle.scratch.bytes(of: "there") != Array("precious".utf8))
    }
  }

  /// Every file the run is made from, under its own name and another.
  @Test func noInputIsReplaced() throws {
    let bundle = try PolicyScratch("one-camera")
    let scratch = bundle.scratch
    let tiny = try FixtureFolder.bytes("tokenizers/tiny/tokenizer.model")
    try scratch.write(tiny, to: "t.model")
    try scratch.write(FixtureFolder.bytes("statistics/openpi-11-7.json"), to: "n.json")
    try scratch.write(FixtureFolder.bytes("policies/noise.npy"), to: "x.npy")
    try scratch.write(FixtureFolder.bytes("images/grey8.png"), to: "p.png")
    try scratch.link("link", to: "x.npy")
    let arguments = [
      "run", "b", "--image", "p.png", "--instruction", "", "--state", "s.json", "--noise", "x.npy",
      "--tokenizer", "t.model", "--statistics", "n.json", "--force",
    ]
    let before = try scratch.entries
    let kept = try before.map { try scratch.bytes(of: $0) }
    for output in ["-o", "--png16", "--raw", "--actions"] {
      for input in before where input != "link" {
        let result = try depthvla(arguments + [output, input], in: scratch.path)
        #expect(result.status == 73 && result.errorLines.count == 1, "\(output) \(input)")
        #expect(
          result.error.hasPrefix("depthvla: \(input): is the input \"\(input)\" and would be"))
      }
      let same = try depthvla(
        arguments + [output, "o", output == "-o" ? "--actions" : "-o", "./o"], in: scratch.path)
      #expect(
        same.status == 64 && same.error.contains("two outputs have this path"), "\(same.error)")
    }
    #expect(try scratch.entries == before)
    #expect(try before.map { try scratch.bytes(of: $0) } == kept)
    // A link is replaced, not what it leads to, and only with leave.
    let linked = try depthvla(arguments + ["--actions", "link"], in: scratch.path)
    #expect(linked.status == 73, "\(linked.error)")
    #expect(try scratch.bytes(of: "x.npy") == FixtureFolder.bytes("policies/noise.npy"))
  }
}
