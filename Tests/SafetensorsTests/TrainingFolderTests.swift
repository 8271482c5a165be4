import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLASafetensors
import DVLATensors
import DVLATestSupport
import Testing

/// Folders of training runs as lerobot 0.6.1 (`common/train_utils.py`) and transformers' Trainer
/// leave them.
@Suite struct TrainingFolderTests {
  let scratch: ScratchFolder
  init() throws {
    scratch = try ScratchFolder()
    for step in ["010000", "020000"] { try addStep(step) }
    try scratch.link("run/checkpoints/last", to: "020000")
    try scratch.write("{}", to: "run/train_config.json")
  }

  private func addStep(_ step: String) throws {
    let folder = "run/checkpoints/\(step)/pretrained_model"
    try scratch.makeFolder(folder)
    try scratch.write(
      fileBytes("{" + member("s\(step)", "U8", "[1]", "[0,1]") + "}", data: 1),
      to: folder + "/model.safetensors")
    try scratch.write(#"{"type": "pi0"}"#, to: folder + "/config.json")
    try scratch.makeFolder("run/checkpoints/\(step)/training_state")
  }

  @Test(arguments: [
    ("run", "run/checkpoints/020000/pretrained_model"),
    ("run/", "run/checkpoints/020000/pretrained_model"),
    ("run/checkpoints", "run/checkpoints/020000/pretrained_model"),
    ("run/checkpoints/last", "run/checkpoints/last/pretrained_model"),
    ("run/checkpoints/010000", "run/checkpoints/010000/pretrained_model"),
  ])
  func isFollowedToTheModel(given: String, taken: String) throws {
    let checkpoint = try Checkpoint(path: scratch(given))
    #expect(checkpoint.path == scratch(taken))
    #expect(checkpoint.config?.value == ["type": "pi0"])
    #expect(
      checkpoint.tensors.map(\.name.string) == [taken.contains("010000") ? "s010000" : "s020000"])
    let remark = try #require(checkpoint.remarks.first)
    #expect(remark.code == .checkpointFollowed)
    #expect(remark.description.contains(taken))
  }

  @Test func theModelItselfIsNoRun() throws {
    let path = scratch("run/checkpoints/010000/pretrained_model")
    let checkpoint = try Checkpoint(path: path)
    #expect(checkpoint.path == path)
    #expect(checkpoint.remarks.isEmpty)
  }

  @Test func oneStepNeedsNoLast() throws {
    try scratch.makeFolder("other/checkpoints/000100/pretrained_model")
    try scratch.write(
      fileBytes("{" + member("a", "U8", "[1]", "[0,1]") + "}", data: 1),
      to: "other/checkpoints/000100/pretrained_model/model.safetensors")
    #expect(try Checkpoint(path: scratch("other")).tensors.count == 1)
  }

  @Test func theNewestOfSeveralIsNotGuessed() throws {
    try scratch.remove("run/checkpoints/last")
    let error = failure { try Checkpoint(path: scratch("run")) }
    #expect(error?.code == .checkpointSteps)
    #expect(error?.kind == .usage)
    #expect(error?.details == ["010000", "020000"])
    #expect(error?.message.contains(scratch("run/checkpoints/010000")) == true)
  }

  @Test func theTrainersFoldersAreNamed() throws {
    for name in ["checkpoint-500", "checkpoint-1000"] { try scratch.makeFolder("hf/" + name) }
    let error = failure { try Checkpoint(path: scratch("hf")) }
    #expect(error?.code == .checkpointSteps)
    #expect(error?.details == ["checkpoint-1000", "checkpoint-500"])
    // Where the last weights lie beside them, those are the checkpoint.
    try scratch.write(
      fileBytes("{" + member("a", "U8", "[1]", "[0,1]") + "}", data: 1),
      to: "hf/model.safetensors")
    #expect(try Checkpoint(path: scratch("hf")).path == scratch("hf"))
  }

  @Test(arguments: ["/etc", "../checkpoints/010000", "020000/pretrained_model", "nothing", "last"])
  func aLinkThatLeadsElsewhereIsRefused(target: String) throws {
    try scratch.remove("run/checkpoints/last")
    try scratch.link("run/checkpoints/last", to: target)
    #expect(failure { try Checkpoint(path: scratch("run")) }?.code == .fileLink)
  }

  @Test func anAdapterBesideTheWeightsIsRefused() throws {
    let folder = "run/checkpoints/010000/pretrained_model"
    try scratch.write("{}", to: folder + "/adapter_config.json")
    let error = failure { try Checkpoint(path: scratch(folder)) }
    #expect(error?.code == .checkpointAdapter)
    #expect(try Checkpoint(path: scratch(folder + "/model.safetensors")).tensors.count == 1)
  }

  private func failure(_ body: () throws -> some Any) -> WeightsError? {
    do {
      _ = try body()
      return nil
    } catch { return error as? WeightsError }
  }
}
