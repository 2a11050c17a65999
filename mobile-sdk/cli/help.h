// How the commands speak of themselves: the help of each, and what is wrong with a command line.
// As CLI11 lays it out, but in columns counted as people see letters, and in both languages.
// One thread.
#pragma once

#include <string>

#include "CLI/App.hpp"
#include "mobile-sdk/cli/voice.h"

namespace sotay::cli {

// Makes `app` speak so, with every command that is added to it afterwards.
void SetHelp(CLI::App* app, const Voice& voice);

// What is wrong, without the program's name: "thiếu TYPE", "không có lệnh lits; ý bạn là list?".
// `asked` is the command the mistake is in.
std::string MistakeInWords(const CLI::App& asked, const CLI::ParseError& error, const Voice& voice);

}  // namespace sotay::cli
