/* input_test.c - evdev queues, grabs, state; /dev/input/mice. The test plays the page. */
#include "dev/dev_test.h"
#include "dev/input.h"

static int open_event(uint32_t n)
{
	int fd = open_dev(DEV_MAJOR_INPUT, DEV_MINOR_EVENT + n, O_RDWR | O_NONBLOCK);

	CHECK(fd >= 0);
	return fd;
}

/* One event and its SYN_REPORT. */
static void send(uint32_t device, uint32_t type, uint32_t code, int32_t value)
{
	struct host_slot e = {EV_INPUT, {device, type << 16 | code, (uint32_t)value}};

	input_from_host(&e);
}

/* The next event: type << 16 | code, and its value; 0: none, or SYN_REPORT. */
static uint32_t next(int fd, int32_t *value)
{
	uaddr_t at = u_alloc(sizeof(struct abi_input_event));
	struct abi_input_event *e = U_PTR(struct abi_input_event, at);
	int n = sys_read(fd, at, sizeof(*e));

	if (n == -EAGAIN)
		return 0;
	CHECK_EQ(n, sizeof(*e));
	*value = e->value;
	return (uint32_t)e->type << 16 | e->code;
}

#define KEY(code) (1u << 16 | (code))

static void end(int fd)
{
	CHECK_EQ(sys_close(fd), 0);
	requests_of(0, NULL);
}

PROC_TEST(evdev_packets_come_whole_and_once)
{
	int a = open_event(INPUT_KEYBOARD), b = open_event(INPUT_KEYBOARD);
	int32_t value = -1;
	struct host_slot half = {EV_INPUT, {INPUT_KEYBOARD, KEY(30), 1, KEY(31), 1, KEY(32), 1}};

	CHECK_EQ(host_area_ptr()->input.opened & 1, 1);
	input_from_host(&half);
	CHECK_EQ(next(a, &value), 0); /* no SYN_REPORT yet */
	half = (struct host_slot){EV_INPUT, {INPUT_KEYBOARD}};
	input_from_host(&half);
	CHECK_EQ(next(a, &value), KEY(30));
	CHECK_EQ(value, 1);
	CHECK_EQ(next(a, &value), KEY(31));
	CHECK_EQ(next(a, &value), KEY(32));
	CHECK_EQ(next(a, &value), 0); /* SYN_REPORT */
	CHECK_EQ(next(b, &value), KEY(30));
	/* What changes nothing is no event; a repeat of a key that is down is one. */
	send(INPUT_KEYBOARD, EV_KEY, 30, 1);
	CHECK_EQ(next(a, &value), 0);
	send(INPUT_KEYBOARD, EV_KEY, 30, 2);
	CHECK_EQ(next(a, &value), KEY(30));
	CHECK_EQ(value, 2);
	for (uint32_t key = 30; key < 33; key++)
		send(INPUT_KEYBOARD, EV_KEY, key, 0);
	send(INPUT_KEYBOARD, EV_KEY, BTN_LEFT, 1);
	send(99, EV_KEY, 30, 1);
	end(b);
	end(a);
	CHECK_EQ(host_area_ptr()->input.opened & 1, 0);
}

PROC_TEST(evdev_grab_is_exclusive_and_ends_with_its_file)
{
	int a = open_event(INPUT_KEYBOARD), b = open_event(INPUT_KEYBOARD);
	int32_t value;

	CHECK_EQ(sys_ioctl(a, EVIOCGRAB, 1), 0);
	CHECK_EQ(sys_ioctl(b, EVIOCGRAB, 1), -EBUSY);
	CHECK_EQ(sys_ioctl(b, EVIOCGRAB, 0), -EINVAL);
	send(INPUT_KEYBOARD, EV_KEY, 30, 1);
	CHECK_EQ(next(b, &value), 0);
	CHECK_EQ(next(a, &value), KEY(30));
	end(a);
	send(INPUT_KEYBOARD, EV_KEY, 30, 0);
	CHECK_EQ(next(b, &value), KEY(30));
	CHECK_EQ(sys_ioctl(b, EVIOCGRAB, 1), 0);
	CHECK_EQ(sys_ioctl(b, EVIOCREVOKE, 0), 0);
	CHECK_EQ(sys_read(b, u_alloc(64), 64), -ENODEV);
	CHECK_EQ(sys_ioctl(b, EVIOCGRAB, 0), -ENODEV);
	end(b);
}

PROC_TEST(evdev_overflow_tells_that_events_were_dropped)
{
	int fd = open_event(INPUT_MOUSE);
	int32_t value;
	uint32_t n = 0, dropped = 0, code;

	for (int i = 0; i < 1000; i++)
		send(INPUT_MOUSE, EV_REL, REL_X, 1);
	for (int i = 0; i < 2000; i++) {
		code = next(fd, &value);
		dropped += code == SYN_DROPPED && i == 0;
		n += code == (EV_REL << 16 | REL_X);
	}
	CHECK_EQ(dropped, 1);
	CHECK(n > 0 && n <= 256);
	input_lost(INPUT_MOUSE);
	send(INPUT_MOUSE, EV_REL, REL_X, 1);
	CHECK_EQ(next(fd, &value), SYN_DROPPED);
	end(fd);
}

PROC_TEST(evdev_says_what_a_device_is)
{
	int fd = open_event(INPUT_KEYBOARD), touch = open_event(INPUT_TOUCH);
	uaddr_t at = u_alloc(128);

	CHECK_EQ(sys_ioctl(fd, 0x80804506, at), 15);
	CHECK_STR(u_ptr(at, 16), "Pleat keyboard");
	CHECK_EQ(sys_ioctl(fd, 0x80044506, at), 4); /* cut to the room there is */
	CHECK_EQ(sys_ioctl(fd, 0x80044520, at), 4);
	CHECK_EQ(U_PTR(uint32_t, at)[0], 1u << EV_SYN | 1u << EV_KEY | 1u << EV_LED | 1u << EV_REP);
	CHECK_EQ(sys_ioctl(fd, 0x80604521, at), 96);
	CHECK_EQ(U_PTR(uint32_t, at)[0], 0xfffffffe);
	CHECK_EQ(sys_ioctl(touch, 0x80184540 + ABS_X, at), 0);
	CHECK_EQ(U_PTR(int32_t, at + 8)[0], 32767);
	CHECK_EQ(sys_ioctl(fd, 0x80184540 + ABS_X, at), -EINVAL);
	CHECK_EQ(sys_ioctl(fd, 0x80084540 + 0x3f, at), -EINVAL);
	CHECK_EQ(sys_ioctl(fd, 0x80084508, at), -ENOENT);
	CHECK_EQ(sys_ioctl(fd, EVIOCGID, 8), -EFAULT);
	CHECK_EQ(sys_ioctl(fd, 0x5401, at), -EINVAL);
	send(INPUT_TOUCH, EV_ABS, ABS_MT_SLOT, 99); /* the page lies */
	send(INPUT_TOUCH, EV_ABS, ABS_MT_TRACKING_ID, 5);
	U_PTR(uint32_t, at)[0] = ABS_MT_TRACKING_ID;
	CHECK_EQ(sys_ioctl(touch, 0x802c450a, at), 0);
	CHECK_EQ(U_PTR(int32_t, at + 4 + 9 * 4)[0], 5);
	send(INPUT_TOUCH, EV_ABS, ABS_MT_TRACKING_ID, -1);
	send(INPUT_TOUCH, EV_ABS, ABS_MT_SLOT, 0);
	send(INPUT_KEYBOARD, EV_KEY, 40, 1);
	CHECK_EQ(sys_ioctl(fd, 0x80604518, at), 96);
	CHECK_EQ(U_PTR(uint32_t, at + 4)[0], 1u << 8);
	send(INPUT_KEYBOARD, EV_KEY, 40, 0);
	end(touch);
	end(fd);
}

static int reader_fd;
static int32_t reader_value;

static void read_one(void *unused)
{
	uaddr_t at = u_alloc(64);

	(void)unused;
	CHECK_EQ(sys_read(reader_fd, at, 64), 32);
	reader_value = U_PTR(struct abi_input_event, at)->value;
}

PROC_DET_TEST(evdev_reader_asleep_gets_what_comes, 1000)
{
	struct thread *t;

	reader_fd = open_dev(DEV_MAJOR_INPUT, DEV_MINOR_EVENT + INPUT_MOUSE, O_RDONLY);
	t = ktest_thread(read_one, NULL);
	if (ktest_seed() & 1)
		ktest_wait_asleep(t);
	send(INPUT_MOUSE, EV_REL, REL_Y, 5);
	ktest_join(t);
	CHECK_EQ(reader_value, 5);
	end(reader_fd);
}

PROC_TEST(mice_are_ps2)
{
	int fd = open_dev(DEV_MAJOR_INPUT, DEV_MINOR_MICE, O_RDWR | O_NONBLOCK);
	uaddr_t at = u_alloc(16);
	const uint8_t wheel[] = {0xf3, 200, 0xf3, 100, 0xf3, 80};

	CHECK(fd >= 0);
	CHECK_EQ(sys_read(fd, at, 16), -EAGAIN);
	send(INPUT_MOUSE, EV_REL, REL_X, 200);
	CHECK_EQ(sys_read(fd, at, 16), 3);
	CHECK_MEM(u_ptr(at, 3), "\x08\x7f\x00", 3);
	CHECK_EQ(sys_read(fd, at, 16), 3);
	CHECK_MEM(u_ptr(at, 3), "\x08\x49\x00", 3);
	send(INPUT_MOUSE, EV_REL, REL_Y, 3); /* down */
	send(INPUT_MOUSE, EV_KEY, BTN_LEFT, 1);
	CHECK_EQ(sys_read(fd, at, 1), 1); /* a packet may be read in parts */
	CHECK_EQ(sys_read(fd, at + 1, 15), 2);
	CHECK_MEM(u_ptr(at, 3), "\x29\x00\xfd", 3);
	CHECK_EQ(sys_write(fd, u_bytes(wheel, sizeof(wheel)), sizeof(wheel)), 6);
	CHECK_EQ(sys_read(fd, at, 16), 1);
	CHECK_EQ(*U_PTR(uint8_t, at), 0xfa);
	send(INPUT_MOUSE, EV_KEY, BTN_LEFT, 0);
	send(INPUT_MOUSE, EV_REL, REL_WHEEL, 1);
	CHECK_EQ(sys_read(fd, at, 16), 4);
	CHECK_MEM(u_ptr(at, 4), "\x08\x00\x00\xff", 4);
	end(fd);
}
