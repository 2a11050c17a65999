// The drill of the authority: six phones have unsent work; one stays away, one is killed in the
// middle; the authority is replaced, everybody goes over in the sync they do anyway, and the old
// one ends. Nothing is missing then, nor after a restore from before all that.
#include "tests/e2e/authority_office.h"

namespace sotay::tests {
namespace {

using ::testing::Not;

TEST_F(AuthorityRoll, LosesNothingAndCutsOffWhoeverHasTheOldPapersAlone) {
  const std::string data = office_.space() / "server";
  for (int i = 0; i < kPhones; ++i) Note(i);
  SyncAll();
  const std::string log_key = Export("before.sotay");
  ASSERT_EQ(office_.StopServer(), 0);
  const std::string old_backup = office_.space() / "backup-before";
  fs::copy(backup_, old_backup, fs::copy_options::recursive);
  const std::string stolen = office_.space() / "stolen-ca";
  fs::copy(data + "/ca", stolen, fs::copy_options::recursive);
  office_.StartServer();
  for (int i = 0; i < kPhones; ++i) Note(i);
  fs::copy(office_.space() / Phone(0), office_.space() / "copied", fs::copy_options::recursive);
  const std::string early_invitation = office_.Invite(Phone(0));
  // One is lost and revoked before it has handed in what it holds.
  office_.Administrator(
      {"users", "put", "thoi", "--name", "Thôi", "--member", std::string(kUnit) + ":prosecutor"});
  Must(SOTAY, "thoi", {"enroll", office_.Invite("thoi")});
  Must(SOTAY, "thoi", {"sync"});
  Must(SOTAY, "thoi", {"new", "inspection", "kind=custody_place", "place=xã Đồng Mây"});
  const std::string revoked = Must(SOTAY, "thoi", {"status"}).value("device", "");
  office_.Administrator({"revoke", revoked, "--reason", "mất máy"});
  const std::string away_device = StatusOf(kAway).value("device", "");

  EXPECT_EQ(Roll().exit_code, 3) << "while the server runs nothing is replaced";
  ASSERT_EQ(office_.StopServer(), 0);
  EXPECT_EQ(Keys({"finish-authority"}).exit_code, 3) << "nothing has begun";
  const Ended rolled = Roll();
  ASSERT_EQ(rolled.exit_code, 0) << rolled.err;
  EXPECT_THAT(rolled.out, HasSubstr("ổ đĩa chứa khóa đã bị mất"));
  EXPECT_EQ(Roll().exit_code, 3) << "one at a time";
  const Ended whole = office_.Check();
  EXPECT_EQ(whole.exit_code, 0) << whole.out << whole.err;
  office_.StartServer();
  ExpectAThiefIsRefused(Phone(1), stolen);

  // All but one come, in the sync they do anyway.
  const std::string old_certificate = BytesOf(Phone(kKilled) + "/device.pem");
  SyncKilled(kKilled);
  Must(SOTAY, Phone(kKilled), {"sync"});
  // Whatever was hit: this is how it lies between the two files.
  Give(Phone(kKilled), "device.pem", old_certificate);
  EXPECT_FALSE(HasCome(Phone(kKilled)));
  EXPECT_EQ(TrustedBy(Phone(kKilled)), 2u);
  EXPECT_EQ(IssuerOfOldBuild(office_.Invite(Phone(kAway))), "invitation");
  for (int i = 0; i < kPhones; ++i) {
    if (i == kAway) continue;
    Must(SOTAY, Phone(i), {"sync"});
    EXPECT_TRUE(HasCome(Phone(i))) << Phone(i);
    EXPECT_EQ(TrustedBy(Phone(i)), 2u) << Phone(i);
    EXPECT_EQ(StatusOf(i).value("outbox", -1), 0) << Phone(i);
  }
  // Consoles with any command; and somebody who is enrolled only now.
  Export("meanwhile.sotay");
  EXPECT_TRUE(HasCome(kHead));
  office_.Administrator(
      {"users", "put", "moi", "--name", "Mới", "--member", std::string(kUnit) + ":prosecutor"});
  EXPECT_TRUE(HasCome("administrator"));
  Must(SOTAY, "moi", {"enroll", office_.Invite("moi")});
  EXPECT_TRUE(HasCome("moi"));
  EXPECT_EQ(TrustedBy("moi"), 2u);
  Must(SOTAY, "moi", {"sync"});

  ASSERT_EQ(office_.StopServer(), 0);
  const Ended status = Keys({"status"});
  EXPECT_EQ(status.exit_code, 0) << status.err;
  EXPECT_THAT(status.out,
              HasSubstr("8 active devices have a certificate by it, 0 know it, 2 do not"));
  EXPECT_THAT(status.out, HasSubstr(away_device));
  EXPECT_THAT(status.out, HasSubstr("1 revoked or forked devices have none"));
  EXPECT_THAT(status.out, HasSubstr(revoked));
  // The key of the new one is gone: everybody is served by the old one, whatever they have.
  fs::rename(data + "/ca/next", office_.space() / "next");
  EXPECT_THAT(Keys({"status"}).out, HasSubstr("WARNING"));
  office_.StartServer();
  Must(SOTAY, Phone(1), {"sync"});
  EXPECT_TRUE(HasCome(Phone(1)));
  ASSERT_EQ(office_.StopServer(), 0);
  fs::rename(office_.space() / "next", data + "/ca/next");
  const Ended early = Keys({"finish-authority"});
  EXPECT_EQ(early.exit_code, 3);
  EXPECT_THAT(early.out, HasSubstr(away_device));
  EXPECT_THAT(early.out, Not(HasSubstr("cut off")));
  EXPECT_THAT(early.err, HasSubstr("--anyway"));
  const Ended ended = Keys({"finish-authority", "--anyway"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_FALSE(fs::exists(data + "/ca/next"));
  EXPECT_NE(seal::SigningKey::Load(data + "/ca/ca.key")->PublicKey(),
            seal::SigningKey::Load(stolen + "/ca.key")->PublicKey());
  const Ended after = office_.Check();
  EXPECT_EQ(after.exit_code, 0) << after.out << after.err;
  office_.StartServer();

  // Old papers open nothing, also to whoever would trust the new authority; nor does what a thief
  // makes with the old key.
  const std::string old_papers = BytesOf("copied/device.pem");
  EXPECT_THAT(Try(SOTAY, "copied", {"sync"}).err, HasSubstr("no authority this device trusts"));
  Give("copied", "authority.pem", BytesOf(Phone(0) + "/authority.pem"));
  Give("copied", "device.pem", BytesOf(Phone(0) + "/device.pem"));
  Must(SOTAY, "copied", {"sync"});  // nothing else is wrong with it
  Give("copied", "authority.pem", BytesOf(Phone(0) + "/authority.pem"));
  Give("copied", "device.pem", old_papers);
  ExpectShutOut("copied");
  EXPECT_THAT(Try(SOTAY, "late", {"enroll", early_invitation}).err, HasSubstr("ask for a new one"));
  {
    const auto old = server::Authority::Open(stolen);
    const auto key = sdk::Vault::KeyFor(office_.space() / "copied");
    const auto forged = old->RenewDevice(key->PublicKey(), absl::Now());
    ASSERT_THAT(sdk::Vault(*key, *seal::CertificatePemOfDer(forged->cert_der),
                           VaultOf(Phone(0))->authority_pem())
                    .SaveCertificates(office_.space() / "copied"),
                IsOk());
    ExpectShutOut("copied");
  }
  for (int i = 0; i < kPhones; ++i) {
    if (i == kAway) continue;
    Must(SOTAY, Phone(i), {"sync"});
    EXPECT_EQ(TrustedBy(Phone(i)), 1u) << Phone(i);
  }

  // Who was away is told, in both languages, keeps everything, and is let in again as the same
  // device.
  const Ended late = Try(SOTAY, Phone(kAway), {"sync"});
  EXPECT_NE(late.exit_code, 0);
  EXPECT_THAT(late.err, HasSubstr("--again"));
  EXPECT_THAT(Try(SOTAY, Phone(kAway), {"sync"}, "vi").err, HasSubstr("--again"));
  EXPECT_EQ(StatusOf(kAway).value("outbox", -1), 1);
  EXPECT_NE(Try(SOTAY, Phone(kAway), {"enroll", office_.Invite(Phone(kAway))}).exit_code, 0)
      << "a notebook is there already";
  const std::string papers = PapersOf(Phone(kAway));
  const Ended others = Try(SOTAY, Phone(kAway), {"enroll", office_.Invite(Phone(0)), "--again"});
  EXPECT_EQ(others.exit_code, 4) << "somebody else's";
  EXPECT_THAT(others.err, HasSubstr("the invitation is not valid"));
  EXPECT_EQ(PapersOf(Phone(kAway)), papers);
  // A notebook that does not know the log's key cannot tell whose server it is.
  fs::copy(office_.space() / Phone(kAway), office_.space() / "keyless",
           fs::copy_options::recursive);
  {
    auto store = sdk::Store::Open(office_.space() / "keyless", sdk::Surroundings(), false);
    ASSERT_THAT(store, IsOk());
    auto meta = *(*store)->Meta();
    meta->clear_log_key();
    sdk::StoreBatch batch;
    batch.PutMeta(*meta);
    ASSERT_THAT((*store)->Commit(batch), IsOk());
  }
  EXPECT_THAT(Try(SOTAY, "keyless", {"enroll", office_.Invite(Phone(kAway)), "--again"}).err,
              HasSubstr("cannot tell its office"));
  EXPECT_EQ(PapersOf("keyless"), papers);
  // Nor is it handed to whoever has everything but that key.
  const std::string to_the_office = office_.Invite(Phone(0));
  StartForeignServer();
  EXPECT_THAT(Try(SOTAY, "new", {"enroll", to_the_office}).err, HasSubstr("another log key"));
  const Ended foreign =
      Try(SOTAY, Phone(kAway), {"enroll", office_.Invite(Phone(kAway)), "--again"});
  EXPECT_NE(foreign.exit_code, 0);
  EXPECT_THAT(foreign.err, HasSubstr("never signed with the log key"));
  EXPECT_EQ(PapersOf(Phone(kAway)), papers);
  StartTrueServer();
  Must(SOTAY, Phone(kAway), {"enroll", office_.Invite(Phone(kAway)), "--again"});
  EXPECT_EQ(StatusOf(kAway).value("device", ""), away_device);
  EXPECT_EQ(StatusOf(kAway).value("outbox", -1), 1);
  SyncAll();
  ExpectNothingMissing();
  // What the revoked one holds is not lost either, and that is all it is let in for.
  Must(SOTAY, "thoi", {"enroll", office_.Invite("thoi"), "--again"});
  EXPECT_THAT(Try(SOTAY, "thoi", {"sync"}).err, HasSubstr("revoked"));
  const json handed_in = Must(SOTAY, "thoi", {"status"});
  EXPECT_EQ(handed_in.value("device", ""), revoked);
  EXPECT_EQ(handed_in.value("outbox", -1), 0) << handed_in.dump();

  EXPECT_EQ(Export("after.sotay"), log_key);
  for (const char* const file : {"before.sotay", "meanwhile.sotay", "after.sotay"}) {
    ExpectVerified(file, log_key);
  }

  // The server is lost, and the newest backup with it; the keys were put back as they are now.
  office_.KillServer();
  fs::remove_all(data + "/store");
  fs::remove_all(backup_);
  fs::create_directory(backup_);
  const Ended restored = tests::Run({SOTAYD, "restore", "--from", old_backup, "--data", data});
  ASSERT_EQ(restored.exit_code, 0) << restored.out << restored.err;
  office_.StartServer();
  ExpectShutOut("copied");
  SyncAll();
  SyncAll();
  ExpectNothingMissing();
  EXPECT_EQ(Export("restored.sotay"), log_key);
  ExpectVerified("restored.sotay", log_key);
  ASSERT_EQ(office_.StopServer(), 0);
  const Ended check = office_.Check();
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
  EXPECT_THAT(check.out, HasSubstr("handovers of the authority 1"));
  EXPECT_THAT(Keys({"status"}).out, HasSubstr("ổ đĩa chứa khóa đã bị mất"));
}

}  // namespace
}  // namespace sotay::tests
