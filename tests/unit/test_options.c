#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "options.h"

/* Every test has a folder of its own for the configuration, and an environment without ours. */
struct place { char *folder, *config; };

static const char *const variables[] = {
	"EASELFS_CONFIG", "EASELFS_MODEL", "EASELFS_BUDGET", "EASELFS_SETTLE", "EASELFS_TOP_P",
	"EASELFS_SIZE", "EASELFS_REUSE", "EASELFS_CRASH_LOOP",
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	char folder[] = "/tmp/easelfs-options-XXXXXX";

	*state = p;
	if (!mkdtemp(folder))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	p->folder = xstrdup(folder);
	p->config = xasprintf("%s/easelfs/config", folder);
	setenv("XDG_CONFIG_HOME", folder, 1);
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	cleanup_free char *inner = xasprintf("%s/easelfs", p->folder);

	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	unlink(p->config);
	rmdir(inner);
	rmdir(p->folder);
	free(p->folder);
	free(p->config);
	free(p);
	return 0;
}

static void write_config(const struct place *p, const char *text)
{
	cleanup_free char *inner = xasprintf("%s/easelfs", p->folder);

	mkdir(inner, 0700);
	cleanup_fd int fd = open(p->config, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void load(struct options *o, const char *list)
{
	const char *dash_o[] = { list, NULL };
	cleanup_error struct error err = ERROR_INIT;

	if (options_load(o, dash_o, false, &err))
		fail_msg("\"%s\" was refused: %s", list ? list : "", err.text);
}

static void assert_refused(const char *list, const char *sentence)
{
	const char *dash_o[] = { list, NULL };
	cleanup_error struct error err = ERROR_INIT;
	struct options o;

	assert_true(options_load(&o, dash_o, false, &err) < 0);
	assert_non_null(err.text);
	assert_string_equal(err.text, sentence);
}

static void assert_config_refused(const struct place *p, const char *text, int line, const char *sentence)
{
	cleanup_free char *whole = xasprintf("%s:%d: %s", p->config, line, sentence);

	write_config(p, text);
	assert_refused(NULL, whole);
}

static void without_anything_the_defaults_hold(void **state)
{
	struct place *p = *state;
	cleanup_options struct options o;

	load(&o, NULL);
	assert_true(o.settle > 0.19 && o.settle < 0.21);
	assert_int_equal(o.budget_pictures, 100);
	assert_true(o.budget_usd < 0);
	assert_int_equal(o.in_flight, 0);
	assert_true(o.reuse);
	assert_false(o.sandbox);
	assert_int_equal(o.log_level, LOG_LEVEL_INFO);
	assert_string_equal(o.config_text, "");
	assert_string_equal(o.config_path, p->config);
	assert_null(o.fuse_options);
	assert_null(o.defaults.value[SET_MODEL]);
}

static void the_command_line_beats_the_environment_which_beats_the_configuration(void **state)
{
	cleanup_options struct options o;

	write_config(*state, "[defaults]\nmodel = of-config\nsize = 1:1\nsettle = 3\nbudget = 7\n");
	setenv("EASELFS_MODEL", "of-environment", 1);
	setenv("EASELFS_SETTLE", "2", 1);
	setenv("EASELFS_SIZE", "16:9", 1);
	load(&o, "model=of-command-line,settle=1");
	assert_string_equal(o.defaults.value[SET_MODEL], "of-command-line");
	assert_string_equal(o.defaults.value[SET_SIZE], "16:9");
	assert_true(o.settle == 1);
	assert_int_equal(o.budget_pictures, 7);
}

static void a_later_list_of_the_command_line_beats_an_earlier_one(void **state)
{
	const char *dash_o[] = { "model=first,settle=1", "model=second,settle=2", NULL };
	cleanup_options struct options o;

	(void)state;
	assert_int_equal(options_load(&o, dash_o, true, NULL), 0);
	assert_string_equal(o.defaults.value[SET_MODEL], "second");
	assert_true(o.settle == 2);
	assert_true(o.foreground);
}

static void a_budget_is_pictures_or_money_or_none(void **state)
{
	static const struct { const char *list; long pictures; double usd; } cases[] = {
		{ "budget=0", 0, -1 }, { "budget=250", 250, -1 }, { "budget=5 USD", -1, 5 },
		{ "budget=0.5usd", -1, 0.5 }, { "budget=none", -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_options struct options o;

		load(&o, cases[i].list);
		assert_int_equal(o.budget_pictures, cases[i].pictures);
		assert_true(o.budget_usd == cases[i].usd);
	}
}

static void every_kind_of_value_is_read(void **state)
{
	cleanup_options struct options o;

	(void)state;
	load(&o, "sandbox,ask,reuse=no,in-flight=4,LOG=debug,sandboxing=off,top_p=0.5,modalities=TEXT\\,IMAGE");
	assert_true(o.sandbox);
	assert_true(o.ask);
	assert_false(o.reuse);
	assert_false(o.sandboxing);
	assert_int_equal(o.in_flight, 4);
	assert_int_equal(o.log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(o.defaults.value[SET_TOP_P], "0.5");
	assert_string_equal(o.defaults.value[SET_MODALITIES], "TEXT,IMAGE");
	assert_string_equal(o.defaults.value[SET_REUSE], "no");
}

static void wrong_values_are_refused_with_what_is_taken(void **state)
{
	(void)state;
	assert_refused("budget=lots", "option \"budget\" does not take \"lots\": it takes pictures a day (100), "
	               "money a day (5 USD), or none");
	assert_refused("budget=2.5", "option \"budget\" does not take \"2.5\": it takes pictures a day (100), "
	               "money a day (5 USD), or none");
	assert_refused("settle=-1", "option \"settle\" does not take \"-1\": it takes seconds, 0 to 3600");
	assert_refused("settle=nan", "option \"settle\" does not take \"nan\": it takes seconds, 0 to 3600");
	assert_refused("reuse=perhaps", "option \"reuse\" does not take \"perhaps\": it takes yes or no");
	assert_refused("log=loud", "option \"log\" does not take \"loud\": it takes error, warning, info or debug");
	assert_refused("model", "option \"model\" needs a value: model=a model's name or alias");
}

static void an_unknown_option_names_the_nearest(void **state)
{
	(void)state;
	assert_refused("modle=x", "unknown option \"modle\": did you mean \"model\"?");
	assert_refused("allow_othr", "unknown option \"allow_othr\": did you mean \"allow_other\"?");
	assert_refused("qqqqqqqqqq", "unknown option \"qqqqqqqqqq\"");
}

static void generic_mount_options_are_ignored_and_those_of_fuse_passed_on(void **state)
{
	cleanup_options struct options o;

	(void)state;
	load(&o, "rw,defaults,_netdev,nofail,noauto,user=me,x-systemd.automount,comment=a b,relatime,exec");
	assert_null(o.fuse_options);
	assert_false(o.allow_other);
	options_release(&o);
	load(&o, "allow_other,ro,fsname=a\\,b,subtype=other,max_read=4096,noexec,dev,suid");
	assert_string_equal(o.fuse_options, "allow_other,ro,fsname=a\\,b,max_read=4096,noexec,dev,suid");
	assert_true(o.allow_other);
	assert_true(o.read_only);
}

static void mount_options_that_cannot_be_obeyed_are_refused_with_what_to_do(void **state)
{
	static const char *const options[] = { "remount", "setuid=me", "drop_privileges", "nosymfollow" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const char *dash_o[] = { "rw", options[i], NULL };
		cleanup_error struct error err = ERROR_INIT;
		cleanup_options struct options o = { 0 };

		assert_true(options_load(&o, dash_o, false, &err) < 0);
		assert_non_null(strstr(err.text, "is not supported: "));
		assert_non_null(err.hint);
	}
}

static void what_is_not_known_is_left_out_and_commas_stay_within(void **state)
{
	static const struct { const char *list, *known; } cases[] = {
		{ "", "" },
		{ "nonsense", "" },
		{ "ro,nonsense=1,x-any.thing,size=16:9", "ro,x-any.thing,size=16:9" },
		{ "modalities=TEXT\\,IMAGE,nonsense=a\\,b,setuid=me", "modalities=TEXT\\,IMAGE,setuid=me" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_free char *known = options_known(cases[i].list);

		assert_string_equal(known, cases[i].known);
	}
}

static void an_error_in_the_configuration_names_file_and_line(void **state)
{
	struct place *p = *state;

	assert_config_refused(p, "# c\n[defaults]\n\nmodle = x\n", 4, "unknown option \"modle\": did you mean \"model\"?");
	assert_config_refused(p, "[defaults]\nsettle = soon\n", 2,
	                      "option \"settle\" does not take \"soon\": it takes seconds, 0 to 3600");
	assert_config_refused(p, "[defaults]\nsettle = 1\nsettle = 2\n", 3, "option \"settle\" is set twice");
	assert_config_refused(p, "model = x\n", 1, "\"model\" stands before the first section");
	assert_config_refused(p, "[defualts]\nmodel = x\n", 2, "unknown section [defualts]: did you mean [defaults]?");
	assert_config_refused(p, "[modle mine]\nid = x\n", 2, "unknown section [modle mine]: did you mean [model mine]?");
	assert_config_refused(p, "[provider]\nurl = x\n", 2, "the section [provider] needs a name: [provider NAME]");
	assert_config_refused(p, "[defaults]\nconfig = x\n", 2, "a configuration cannot name another one");
	assert_config_refused(p, "[defaults]\nallow_other = yes\n", 2, "unknown option \"allow_other\"");
}

static void an_error_in_the_environment_names_the_variable(void **state)
{
	(void)state;
	setenv("EASELFS_BUDGET", "much", 1);
	assert_refused(NULL, "EASELFS_BUDGET: option \"budget\" does not take \"much\": it takes pictures a day "
	               "(100), money a day (5 USD), or none");
}

static void sections_of_providers_and_models_are_left_to_their_reader(void **state)
{
	static const char text[] = "[provider mine]\nwhatever = 1\n[model x]\nid = y\n[defaults]\nmodel = x\n";
	cleanup_options struct options o;

	write_config(*state, text);
	load(&o, NULL);
	assert_string_equal(o.defaults.value[SET_MODEL], "x");
	assert_int_equal(o.config_len, strlen(text));
	assert_string_equal(o.config_text, text);
}

static void a_configuration_that_was_named_must_be_there(void **state)
{
	struct place *p = *state;
	cleanup_free char *list = xasprintf("config=%s/none", p->folder);
	cleanup_free char *sentence = xasprintf("there is no configuration file %s/none", p->folder);

	assert_refused(list, sentence);
	setenv("EASELFS_CONFIG", list + strlen("config="), 1);
	assert_refused(NULL, sentence);
}

static void the_configuration_is_the_one_of_the_command_line_then_the_environment(void **state)
{
	struct place *p = *state;
	cleanup_options struct options o;
	cleanup_free char *list = xasprintf("config=%s", p->config);

	write_config(p, "[defaults]\nsettle = 9\n");
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	setenv("EASELFS_CONFIG", "/nonexistent/config", 1);
	load(&o, list);
	assert_true(o.settle == 9);
	options_release(&o);
	setenv("EASELFS_CONFIG", p->config, 1);
	load(&o, NULL);
	assert_true(o.settle == 9);
}

static void the_help_names_every_option(void **state)
{
	static const char *const names[] = {
		"config", "model", "provider", "settle", "budget", "in_flight", "reuse", "ask", "sandbox", "log",
		"size", "resolution",
	};
	cleanup_buf struct buf help = BUF_INIT;

	(void)state;
	options_help(&help);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		cleanup_free char *line = xasprintf("  %s ", names[i]);

		assert_non_null(strstr(help.data, line));
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(without_anything_the_defaults_hold),
		TEST(the_command_line_beats_the_environment_which_beats_the_configuration),
		TEST(a_later_list_of_the_command_line_beats_an_earlier_one),
		TEST(a_budget_is_pictures_or_money_or_none),
		TEST(every_kind_of_value_is_read),
		TEST(wrong_values_are_refused_with_what_is_taken),
		TEST(an_unknown_option_names_the_nearest),
		TEST(generic_mount_options_are_ignored_and_those_of_fuse_passed_on),
		TEST(mount_options_that_cannot_be_obeyed_are_refused_with_what_to_do),
		TEST(what_is_not_known_is_left_out_and_commas_stay_within),
		TEST(an_error_in_the_configuration_names_file_and_line),
		TEST(an_error_in_the_environment_names_the_variable),
		TEST(sections_of_providers_and_models_are_left_to_their_reader),
		TEST(a_configuration_that_was_named_must_be_there),
		TEST(the_configuration_is_the_one_of_the_command_line_then_the_environment),
		TEST(the_help_names_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
